create index if not exists journal_begun on journal (id, op) where event = 'begin';
create index if not exists journal_over on journal (op) where event in ('end', 'abandon');
create index if not exists journal_progress on journal (op, id) where event = 'progress';
