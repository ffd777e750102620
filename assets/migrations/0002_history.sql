create table if not exists verified (
    env text not null,
    service text not null,
    deployment text not null,
    sha text not null,
    at text not null,
    primary key (env, service, deployment)
);
