create table if not exists locks (
    env text primary key,
    who text not null,
    why text not null,
    at text not null,
    until text
);
create table if not exists marks (
    sha text primary key,
    who text not null,
    why text not null,
    at text not null
);
