-- +goose Up

-- What an app decides about itself.
ALTER TABLE apps
    ADD COLUMN multi_tenant_enabled boolean NOT NULL DEFAULT false,
    ADD COLUMN enable_hook_payload_compression boolean NOT NULL DEFAULT false,
    ADD COLUMN mau_plan bigint NOT NULL DEFAULT 0 CHECK (mau_plan >= 0), -- 0 is unlimited
    ADD COLUMN mau_plan_pinned boolean NOT NULL DEFAULT false;           -- set by the operator, the app cannot change it

CREATE TABLE hooks (
    app_pk           bigint NOT NULL REFERENCES apps,
    id               text COLLATE "C" NOT NULL, -- 'legacy' is the one of webhook_url and webhook_events
    position         smallint NOT NULL,         -- in event_hooks
    enabled          boolean NOT NULL,
    event_types      text[] COLLATE "C" NOT NULL, -- {} is every standard event, * every event
    webhook_url      text NOT NULL,
    product          text NOT NULL,
    timeout_ms       integer NOT NULL,
    timestamp_format text NOT NULL CHECK (timestamp_format IN ('rfc3339', 'unix_nano')),
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (app_pk, id),
    CHECK (NOT enabled OR webhook_url <> '')
);

-- Events that a hook did not take until its tries were used up.
CREATE TABLE hook_failures (
    app_pk           bigint NOT NULL,
    id               text COLLATE "C" NOT NULL, -- of one event to one hook: X-Webhook-Id
    hook_id          text COLLATE "C" NOT NULL,
    webhook_url      text NOT NULL,
    event_type       text NOT NULL,
    campaign_id      text COLLATE "C" NOT NULL DEFAULT '', -- '' for chat events
    seq              bigint NOT NULL DEFAULT 0,            -- 0 for chat events
    attempts         integer NOT NULL,
    first_attempt_at timestamptz NOT NULL,
    last_attempt_at  timestamptz NOT NULL,
    last_status      integer NOT NULL DEFAULT 0, -- 0: there was no answer, and last_error says why
    last_error       text NOT NULL DEFAULT '',
    event            json NOT NULL, -- as it was sent, so not jsonb, which would order its keys anew
    PRIMARY KEY (app_pk, id)
);
CREATE INDEX hook_failures_by_time ON hook_failures (app_pk, last_attempt_at, id);
CREATE INDEX hook_failures_by_hook ON hook_failures (app_pk, hook_id, last_attempt_at, id);
CREATE INDEX hook_failures_by_age ON hook_failures (last_attempt_at);

-- Campaign messages of one app in one month. Only apps with a plan have rows: every batch of theirs updates one.
CREATE TABLE campaign_usage (
    app_pk bigint NOT NULL,
    month  date NOT NULL, -- its first day, in UTC
    sent   bigint NOT NULL,
    PRIMARY KEY (app_pk, month)
);
-- Apps without a plan are counted by what their batches have committed in the month.
ALTER TABLE campaign_batches ADD COLUMN sent_before integer NOT NULL DEFAULT 0; -- of sent: in months before that of committed_at
CREATE INDEX campaign_batches_by_time ON campaign_batches (app_pk, committed_at);

-- Answers to requests with an Idempotency-Key.
CREATE TABLE idempotency_keys (
    app_pk       bigint NOT NULL,
    user_id      text COLLATE "C" NOT NULL, -- of the token; '' for a server token
    key          text COLLATE "C" NOT NULL,
    request      bytea NOT NULL, -- SHA-256 of method, path and body
    attempt      uuid NOT NULL,  -- who works on it, or did
    created_at   timestamptz NOT NULL,
    leased_until timestamptz NOT NULL, -- after that an attempt without an answer is given up
    status       smallint,             -- of the answer; NULL while there is none
    answer       bytea,
    PRIMARY KEY (app_pk, user_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys, campaign_usage, hook_failures, hooks;
DROP INDEX campaign_batches_by_time;
ALTER TABLE campaign_batches DROP COLUMN sent_before;
ALTER TABLE apps DROP COLUMN multi_tenant_enabled, DROP COLUMN enable_hook_payload_compression, DROP COLUMN mau_plan, DROP COLUMN mau_plan_pinned;
