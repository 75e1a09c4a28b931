-- +goose Up

-- Events on their way out: a row for each receiver of an event, written in the transaction of the event's cause and
-- deleted when it has been delivered or given up. A batch writes one row for all of its events. Relays claim rows by
-- moving due_at ahead: a claim that is not renewed ends by itself.
CREATE TABLE outbox (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_pk           bigint NOT NULL,
    hook_id          text COLLATE "C" NOT NULL,            -- '' is push
    event_id         uuid NOT NULL DEFAULT gen_random_uuid(), -- X-Webhook-Id; a batch's events have ids that follow from theirs
    kind             text COLLATE "C" NOT NULL CHECK (kind IN ('campaign', 'chat', 'batch')),
    event_type       text COLLATE "C" NOT NULL DEFAULT '', -- '' for a batch, which has several
    campaign_id      text COLLATE "C" NOT NULL DEFAULT '', -- '' for what no campaign did
    seq              bigint NOT NULL DEFAULT 0,            -- of campaign.* events
    -- Rows of one stream (a campaign id) go to a receiver one after another, by id: whoever inserts holds the campaign's row
    -- of campaign_events, so ids grow in the order of commits. '' is in no order.
    stream           text COLLATE "C" NOT NULL DEFAULT '',
    progress         boolean NOT NULL DEFAULT false,       -- campaign.updated without a change of state: the newest is enough
    body             jsonb NOT NULL,                       -- what happened, by reference; of campaign.* events the campaign as it was
    payload          text,                                 -- as it was first sent, once a try has failed: later tries send the same
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    claim            uuid,                                 -- of the relay that works on it, or did
    attempts         integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz,
    last_attempt_at  timestamptz,
    last_status      integer NOT NULL DEFAULT 0,
    last_error       text NOT NULL DEFAULT ''
);
-- A receiver's rows of one kind that are due, the longest first: campaign.* events never stand behind a crowd of chat events.
CREATE INDEX outbox_due ON outbox (app_pk, hook_id, kind, due_at, id);
CREATE INDEX outbox_streams ON outbox (app_pk, hook_id, stream, id) WHERE stream <> '';

-- How many campaign.* events a campaign has had, and when its progress was last looked at. Not in the campaign's own row, which
-- batches hold while they commit.
CREATE TABLE campaign_events (
    app_pk        bigint NOT NULL,
    campaign_id   text COLLATE "C" NOT NULL,
    seq           bigint NOT NULL DEFAULT 0,
    progress_at   timestamptz NOT NULL DEFAULT '-infinity',
    progress_done bigint NOT NULL DEFAULT 0, -- recipients done then
    PRIMARY KEY (app_pk, campaign_id)
);
INSERT INTO campaign_events (app_pk, campaign_id) SELECT app_pk, id FROM campaigns WHERE status IN ('scheduled', 'in_progress');

-- +goose Down
DROP TABLE campaign_events, outbox;
