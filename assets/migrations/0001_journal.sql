create table if not exists journal (
    id integer primary key,
    at text not null,
    op text not null,
    event text not null,
    body text not null,
    hash text not null
);
create index if not exists journal_op on journal (op);
