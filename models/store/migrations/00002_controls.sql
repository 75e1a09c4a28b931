-- +goose Up

-- Who held a campaign and why is kept for a stop as for a pause.
ALTER TABLE campaigns RENAME COLUMN paused_at TO held_at;
ALTER TABLE campaigns RENAME COLUMN pause_reason TO hold_reason;
ALTER TABLE campaigns ADD COLUMN held_by text NOT NULL DEFAULT '';

-- What was done to a campaign, by whom and why: a row per move, written with it.
CREATE TABLE campaign_moves (
    app_pk       bigint NOT NULL,
    campaign_id  text COLLATE "C" NOT NULL,
    control_seq  bigint NOT NULL, -- after the move; begin and complete do not take a new one
    action       text COLLATE "C" NOT NULL,
    via          text COLLATE "C" NOT NULL, -- api, signal, herald
    moved_by     text NOT NULL,
    reason       text NOT NULL,
    moved_at     timestamptz NOT NULL,
    PRIMARY KEY (app_pk, campaign_id, control_seq, action)
);

-- +goose Down
DROP TABLE campaign_moves;
ALTER TABLE campaigns DROP COLUMN held_by;
ALTER TABLE campaigns RENAME COLUMN hold_reason TO pause_reason;
ALTER TABLE campaigns RENAME COLUMN held_at TO paused_at;
