create index if not exists journal_claimed on journal (event, id) where event in ('lock', 'unlock', 'mark', 'unmark');
