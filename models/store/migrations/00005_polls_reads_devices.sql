-- +goose Up

CREATE TABLE polls (
    app_pk              bigint NOT NULL,
    id                  text COLLATE "C" NOT NULL,
    name                text NOT NULL,
    description         text NOT NULL DEFAULT '',
    voting_visibility   text NOT NULL CHECK (voting_visibility IN ('public', 'anonymous')),
    enforce_unique_vote boolean NOT NULL,
    max_votes_allowed   smallint, -- NULL is no maximum
    allow_answers       boolean NOT NULL,
    is_closed           boolean NOT NULL,
    options             jsonb NOT NULL, -- [{id, text, custom}]; the votes for one that is taken out go with it
    custom              jsonb,          -- NULL is {}
    created_by          text COLLATE "C" NOT NULL,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    PRIMARY KEY (app_pk, id)
);

CREATE TABLE poll_votes (
    app_pk      bigint NOT NULL,
    poll_id     text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    option_id   text COLLATE "C" NOT NULL, -- '' is an answer
    user_id     text COLLATE "C" NOT NULL,
    answer_text text,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (app_pk, id)
);
-- One vote for an option, and one answer, of each user. The user comes first: a user's own votes are shown with any
-- number of polls, and go with the user.
CREATE UNIQUE INDEX poll_votes_once ON poll_votes (app_pk, user_id, poll_id, option_id);
CREATE INDEX poll_votes_latest ON poll_votes (app_pk, poll_id, option_id, created_at, id);

-- How many votes an option has (and answers a poll, under option_id ''), kept in the transaction of each vote: a poll is
-- shown without looking at its votes, of which the poll of a campaign may get hundreds of thousands. The sum of the
-- shards counts; a voter writes the shard of its own, so that voters seldom wait for each other.
CREATE TABLE poll_counts (
    app_pk    bigint NOT NULL,
    poll_id   text COLLATE "C" NOT NULL,
    option_id text COLLATE "C" NOT NULL,
    shard     smallint NOT NULL,
    votes     bigint NOT NULL,
    PRIMARY KEY (app_pk, poll_id, option_id, shard)
) WITH (fillfactor = 50);

-- A poll that a campaign may still send cannot be deleted.
CREATE INDEX campaigns_by_poll ON campaigns (app_pk, (message_template ->> 'poll_id'))
    WHERE status IN ('scheduled', 'in_progress') AND message_template ->> 'poll_id' IS NOT NULL;

-- How many rows campaign_reads has of a campaign, in shards as poll_counts has them: a million rows take longer to count
-- than a campaign may take to be shown.
CREATE TABLE campaign_read_counts (
    app_pk      bigint NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    shard       smallint NOT NULL,
    reads       bigint NOT NULL,
    PRIMARY KEY (app_pk, campaign_id, shard)
) WITH (fillfactor = 50);
INSERT INTO campaign_read_counts SELECT app_pk, campaign_id, 0, count(*) FROM campaign_reads GROUP BY app_pk, campaign_id;

CREATE TABLE devices (
    app_pk             bigint NOT NULL,
    id                 text COLLATE "C" NOT NULL,
    user_id            text COLLATE "C" NOT NULL,
    push_provider      text NOT NULL,
    push_provider_name text,
    disabled           boolean NOT NULL DEFAULT false,
    created_at         timestamptz NOT NULL,
    PRIMARY KEY (app_pk, id)
);
CREATE INDEX devices_by_user ON devices (app_pk, user_id, created_at, id);

-- +goose Down
DROP TABLE devices, campaign_read_counts, poll_counts, poll_votes, polls;
DROP INDEX campaigns_by_poll;
