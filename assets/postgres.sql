-- What is asked of a database, read-only: catalogs and statistics, never a table of the product (docs/platforms/postgres.md section 5).
-- Each statement stands under its name, with the SQLSTATE of what a server may lack so that the statement does not apply to it: here the
-- roles `anon` and `authenticated`, which a plain server does not have.

-- name: server
select current_setting('server_version_num')::int as version_num, pg_is_in_recovery() as in_recovery, extract(epoch from now()-pg_postmaster_start_time())::bigint as uptime_s, current_setting('default_transaction_read_only') as read_only

-- name: connections
select count(*)::int as used, current_setting('max_connections')::int as max, current_setting('superuser_reserved_connections')::int as reserved, count(*) filter (where state='active')::int as active, count(*) filter (where state='idle')::int as idle, count(*) filter (where state like 'idle in transaction%')::int as idle_in_tx, count(*) filter (where wait_event_type='Lock')::int as waiting_on_lock, round(100.0*count(*)/(current_setting('max_connections')::int-current_setting('superuser_reserved_connections')::int),1)::float8 as pct from pg_stat_activity where backend_type='client backend'

-- name: clients
select coalesce(usename::text,'?') as role, coalesce(nullif(application_name,''),'(none)') as app, coalesce(state,'?') as state, count(*)::int as n from pg_stat_activity where backend_type='client backend' group by 1,2,3 order by n desc,1,2 limit 20

-- name: transactions
select pid, usename::text as role, application_name as app, state, extract(epoch from now()-xact_start)::int as xact_s, extract(epoch from now()-query_start)::int as query_s, wait_event_type, wait_event, age(backend_xmin)::bigint as xmin_age, left(query,120) as query from pg_stat_activity where xact_start is not null and pid<>pg_backend_pid() and backend_type='client backend' and now()-xact_start > interval '1 second' order by xact_start limit 20

-- name: locks
select w.pid as waiting_pid, w.application_name as waiting_app, extract(epoch from now()-l.waitstart)::int as wait_s, l.mode, l.relation::regclass::text as relation, left(w.query,80) as waiting_query, b.pid as blocking_pid, b.application_name as blocking_app, b.state as blocking_state, extract(epoch from now()-b.xact_start)::int as blocking_xact_s, (cardinality(pg_blocking_pids(b.pid))=0) as is_root from pg_stat_activity w join pg_locks l on l.pid=w.pid and not l.granted cross join lateral unnest(pg_blocking_pids(w.pid)) as x(pid) join pg_stat_activity b on b.pid=x.pid order by wait_s desc nulls last

-- name: cache
select 'index' as kind, sum(idx_blks_hit)::bigint as hit, sum(idx_blks_read)::bigint as read, round(sum(idx_blks_hit)::numeric/nullif(sum(idx_blks_hit)+sum(idx_blks_read),0),4)::float8 as ratio from pg_statio_user_indexes union all select 'table', sum(heap_blks_hit)::bigint, sum(heap_blks_read)::bigint, round(sum(heap_blks_hit)::numeric/nullif(sum(heap_blks_hit)+sum(heap_blks_read),0),4)::float8 from pg_statio_user_tables union all select 'database', blks_hit, blks_read, round(blks_hit::numeric/nullif(blks_hit+blks_read,0),4)::float8 from pg_stat_database where datname=current_database()

-- name: statements_where
select n.nspname::text as schema, e.extversion from pg_extension e join pg_namespace n on n.oid=e.extnamespace where e.extname='pg_stat_statements'

-- name: statements
select queryid::text, r.rolname::text as role, calls, round(total_exec_time::numeric,1)::float8 as total_ms, round(mean_exec_time::numeric,2)::float8 as mean_ms, round(max_exec_time::numeric,1)::float8 as max_ms, rows, round(100*total_exec_time/nullif(sum(total_exec_time) over (),0))::int as pct, round(shared_blks_hit::numeric/nullif(shared_blks_hit+shared_blks_read,0),3)::float8 as hit_ratio, left(regexp_replace(query,'\s+',' ','g'),120) as query from $schema$.pg_stat_statements s join pg_roles r on r.oid=s.userid where s.dbid=(select oid from pg_database where datname=current_database()) order by total_exec_time desc limit 10

-- name: standbys
select application_name as standby, client_addr::text, state, sync_state, pg_wal_lsn_diff(pg_current_wal_lsn(),sent_lsn)::bigint as send_lag_bytes, pg_wal_lsn_diff(pg_current_wal_lsn(),replay_lsn)::bigint as replay_lag_bytes, extract(epoch from replay_lag)::float8 as replay_lag_s from pg_stat_replication order by replay_lag_bytes desc

-- name: replay
select pg_is_in_recovery() as in_recovery, (case when not pg_is_in_recovery() or pg_last_wal_receive_lsn()=pg_last_wal_replay_lsn() then 0 else extract(epoch from now()-pg_last_xact_replay_timestamp()) end)::float8 as lag_s, case when pg_is_in_recovery() then pg_is_wal_replay_paused() end as paused

-- name: slots
select slot_name::text, slot_type, active, wal_status, safe_wal_size, pg_wal_lsn_diff(pg_current_wal_lsn(),restart_lsn)::bigint as retained_bytes from pg_replication_slots order by retained_bytes desc nulls last

-- name: vacuum
select schemaname||'.'||relname as tbl, n_live_tup::bigint as live, n_dead_tup::bigint as dead, round(100.0*n_dead_tup/nullif(n_live_tup+n_dead_tup,0),1)::float8 as dead_pct, last_autovacuum, last_autoanalyze, (n_dead_tup > current_setting('autovacuum_vacuum_threshold')::int + current_setting('autovacuum_vacuum_scale_factor')::float8*n_live_tup) as vacuum_due from pg_stat_user_tables order by n_dead_tup desc limit 20

-- name: bloat
with w as (select schemaname, tablename, sum((1-null_frac)*avg_width) as row_w from pg_stats group by 1,2), t as (select n.nspname||'.'||c.relname as tbl, c.relpages, pg_table_size(c.oid) as bytes, current_setting('block_size')::int as bs, ceil(c.reltuples*(28+8*ceil(w.row_w/8.0))/(current_setting('block_size')::int-24)) as need from pg_class c join pg_namespace n on n.oid=c.relnamespace join w on w.schemaname=n.nspname and w.tablename=c.relname where c.relkind in ('r','m') and c.reltuples>0 and n.nspname not in ('pg_catalog','information_schema')) select tbl, bytes, greatest(relpages-need,0)::bigint*bs as bloat_bytes, round(100.0*greatest(relpages-need,0)::numeric/nullif(relpages,0),1)::float8 as bloat_pct from t order by bloat_bytes desc limit 20

-- name: wraparound
select datname::text, age(datfrozenxid)::bigint as xid_age, round(100.0*age(datfrozenxid)/2147483647,2)::float8 as pct_to_wrap from pg_database order by 2 desc

-- name: database
select pg_database_size(current_database()) as db_bytes, xact_commit, xact_rollback, round(100.0*xact_rollback/nullif(xact_commit+xact_rollback,0),2)::float8 as rollback_pct, deadlocks, temp_bytes, conflicts from pg_stat_database where datname=current_database()

-- name: tables
select n.nspname||'.'||c.relname as tbl, pg_total_relation_size(c.oid) as total_bytes, pg_indexes_size(c.oid) as index_bytes, c.reltuples::bigint as est_rows from pg_class c join pg_namespace n on n.oid=c.relnamespace where c.relkind in ('r','p','m') and n.nspname not in ('pg_catalog','information_schema') and n.nspname !~ '^pg_toast' order by 2 desc limit 20

-- name: without_rls may lack 42704
select n.nspname::text as schema, c.relname::text as tbl, c.relkind::text as kind, array_remove(array[case when has_table_privilege('anon',c.oid,'select') then 'anon:select' end, case when has_table_privilege('anon',c.oid,'insert,update,delete') then 'anon:write' end, case when has_table_privilege('authenticated',c.oid,'select') then 'authenticated:select' end, case when has_table_privilege('authenticated',c.oid,'insert,update,delete') then 'authenticated:write' end],null) as exposed from pg_class c join pg_namespace n on n.oid=c.relnamespace where c.relkind in ('r','p') and n.nspname=any(array['public']) and not c.relrowsecurity and not exists (select 1 from pg_depend d where d.classid='pg_class'::regclass and d.objid=c.oid and d.deptype='e') order by 1,2

-- name: without_policy
select n.nspname::text as schema, c.relname::text as tbl from pg_class c join pg_namespace n on n.oid=c.relnamespace where c.relkind in ('r','p') and c.relrowsecurity and n.nspname=any(array['public']) and not exists (select 1 from pg_policy p where p.polrelid=c.oid) order by 1,2

-- name: idle_policies
select n.nspname::text as schema, c.relname::text as tbl, array_agg(p.polname::text order by p.polname) as policies from pg_policy p join pg_class c on c.oid=p.polrelid join pg_namespace n on n.oid=c.relnamespace where not c.relrowsecurity group by 1,2

-- name: policies
select schemaname::text, tablename::text, policyname::text, permissive, roles::text[] as roles, cmd, qual, with_check from pg_policies where schemaname=any(array['public']) order by 1,2,3

-- name: views may lack 42704
select n.nspname||'.'||c.relname as view, c.relkind::text as kind, coalesce(c.reloptions::text[] && array['security_invoker=true','security_invoker=1','security_invoker=on','security_invoker=yes'],false) as security_invoker, has_table_privilege('anon',c.oid,'select') as anon_can_read, case when c.relkind='m' then c.relispopulated end as populated from pg_class c join pg_namespace n on n.oid=c.relnamespace where c.relkind in ('v','m') and n.nspname=any(array['public']) order by 1

-- name: functions may lack 42704
select p.oid::regprocedure::text as fn, p.prosecdef as security_definer, (p.proconfig is null or not exists (select 1 from unnest(p.proconfig) x where x like 'search_path=%')) as search_path_mutable, has_function_privilege('anon',p.oid,'execute') as anon_exec from pg_proc p join pg_namespace n on n.oid=p.pronamespace where n.nspname=any(array['public']) and not exists (select 1 from pg_depend d where d.classid='pg_proc'::regclass and d.objid=p.oid and d.deptype='e') order by 1

-- name: expected
with want as (select * from jsonb_to_recordset($expected$) as x(kind text, schema text, parent text, name text))
select w.kind, concat_ws('.',w.schema,w.parent,w.name) as object, coalesce(s.state,'missing') as state from want w left join lateral (
 select case when w.kind='index' and not (i.indisvalid and i.indisready) then 'invalid' when w.kind='matview' and not c.relispopulated then 'unpopulated' else 'ok' end as state from pg_class c join pg_namespace n on n.oid=c.relnamespace left join pg_index i on i.indexrelid=c.oid where n.nspname=w.schema and c.relname=w.name and (w.kind,c.relkind::text) in (('table','r'),('table','p'),('view','v'),('matview','m'),('index','i'),('index','I'),('sequence','S'))
 union all select 'ok' from pg_attribute a join pg_class c on c.oid=a.attrelid join pg_namespace n on n.oid=c.relnamespace where w.kind='column' and n.nspname=w.schema and c.relname=w.parent and a.attname=w.name and not a.attisdropped
 union all select 'ok' from pg_policies p where w.kind='policy' and p.schemaname=w.schema and p.tablename=w.parent and p.policyname=w.name
 union all select case tg.tgenabled when 'D' then 'disabled' else 'ok' end from pg_trigger tg join pg_class c on c.oid=tg.tgrelid join pg_namespace n on n.oid=c.relnamespace where w.kind='trigger' and not tg.tgisinternal and n.nspname=w.schema and c.relname=w.parent and tg.tgname=w.name
 union all (select 'ok' from pg_proc p join pg_namespace n on n.oid=p.pronamespace where w.kind='function' and n.nspname=w.schema and p.proname=w.name limit 1)
 union all select 'ok' from pg_type t join pg_namespace n on n.oid=t.typnamespace where w.kind='enum' and t.typtype='e' and n.nspname=w.schema and t.typname=w.name
 union all select 'ok' from pg_extension e where w.kind='extension' and e.extname=w.name
 union all select 'ok' from pg_roles r where w.kind='role' and r.rolname=w.name
 union all select 'ok' from pg_publication p where w.kind='publication' and p.pubname=w.name) s on true order by (coalesce(s.state,'missing')='ok'),1,2

-- name: indexes
select n.nspname||'.'||ic.relname as idx, tc.relname::text as tbl, i.indisvalid as valid, pg_relation_size(i.indexrelid) as bytes, coalesce(s.idx_scan,0) as scans from pg_index i join pg_class ic on ic.oid=i.indexrelid join pg_class tc on tc.oid=i.indrelid join pg_namespace n on n.oid=ic.relnamespace left join pg_stat_user_indexes s on s.indexrelid=i.indexrelid where n.nspname not in ('pg_catalog','pg_toast','information_schema') and (not i.indisvalid or not i.indisready or (coalesce(s.idx_scan,0)=0 and not i.indisunique)) order by valid, bytes desc

-- name: foreign_keys
select c.conrelid::regclass::text as tbl, c.conname::text as fk, array_agg(a.attname::text order by k.ord) as cols from pg_constraint c cross join lateral unnest(c.conkey) with ordinality as k(att,ord) join pg_attribute a on a.attrelid=c.conrelid and a.attnum=k.att where c.contype='f' and not exists (select 1 from pg_index i where i.indrelid=c.conrelid and i.indisvalid and (i.indkey::int2[])[0:cardinality(c.conkey)-1] @> c.conkey and (i.indkey::int2[])[0:cardinality(c.conkey)-1] <@ c.conkey) group by 1,2 order by 1

-- name: history_where
select to_regclass('supabase_migrations.schema_migrations') is not null as has_history

-- name: history
select version, name, cardinality(statements) as n_statements from supabase_migrations.schema_migrations order by version desc limit 10

-- name: sequences
select schemaname||'.'||sequencename as seq, data_type::text, last_value, round(100.0*coalesce(last_value,0)/max_value,4)::float8 as pct from pg_sequences order by pct desc limit 10

-- name: progress
select 'create_index' as op, p.pid, p.relid::regclass::text as rel, p.phase, round(100.0*p.blocks_done/nullif(p.blocks_total,0),1)::float8 as pct from pg_stat_progress_create_index p union all select 'vacuum', v.pid, v.relid::regclass::text, v.phase, round(100.0*v.heap_blks_scanned/nullif(v.heap_blks_total,0),1)::float8 from pg_stat_progress_vacuum v

-- name: archiver
select archived_count, failed_count, (last_failed_time > coalesce(last_archived_time,'-infinity')) as failing from pg_stat_archiver

-- name: prepared
select gid, owner::text, extract(epoch from now()-prepared)::int as age_s from pg_prepared_xacts order by prepared

-- name: tls
select count(*) filter (where s.ssl)::int as ssl, count(*) filter (where not s.ssl)::int as plain from pg_stat_ssl s join pg_stat_activity a using (pid) where a.backend_type='client backend'

-- name: fingerprint
select kind, name, h from (select 'table' as kind, n.nspname||'.'||c.relname as name, md5(string_agg(a.attname||':'||format_type(a.atttypid,a.atttypmod)||':'||a.attnotnull::text||':'||coalesce(pg_get_expr(d.adbin,d.adrelid),''),',' order by a.attname)||c.relrowsecurity::text) as h from pg_class c join pg_namespace n on n.oid=c.relnamespace join pg_attribute a on a.attrelid=c.oid and a.attnum>0 and not a.attisdropped left join pg_attrdef d on d.adrelid=c.oid and d.adnum=a.attnum where c.relkind in ('r','p') and n.nspname=any(array['public']) group by 1,2,c.relrowsecurity union all select 'view', n.nspname||'.'||c.relname, md5(pg_get_viewdef(c.oid)) from pg_class c join pg_namespace n on n.oid=c.relnamespace where c.relkind in ('v','m') and n.nspname=any(array['public']) union all select 'index', schemaname||'.'||indexname, md5(indexdef) from pg_indexes where schemaname=any(array['public']) union all select 'policy', schemaname||'.'||tablename||'.'||policyname, md5(concat_ws('|',permissive,cmd,roles::text,qual,with_check)) from pg_policies where schemaname=any(array['public']) union all select 'function', p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid)) from pg_proc p join pg_namespace n on n.oid=p.pronamespace where n.nspname=any(array['public']) and p.prokind in ('f','p') union all select 'trigger', n.nspname||'.'||c.relname||'.'||t.tgname, md5(pg_get_triggerdef(t.oid)) from pg_trigger t join pg_class c on c.oid=t.tgrelid join pg_namespace n on n.oid=c.relnamespace where not t.tgisinternal and n.nspname=any(array['public']) union all select 'constraint', conrelid::regclass::text||'.'||conname, md5(pg_get_constraintdef(oid)) from pg_constraint where connamespace='public'::regnamespace and conrelid<>0) o order by 1,2
