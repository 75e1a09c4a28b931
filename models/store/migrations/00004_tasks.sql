-- +goose Up

-- What a request began and its answer did not wait for. The row is the truth; a pending task has a workflow that works on it.
CREATE TABLE tasks (
    app_pk            bigint NOT NULL,
    id                text COLLATE "C" NOT NULL,
    kind              text NOT NULL,
    args              jsonb NOT NULL,
    status            text NOT NULL CHECK (status IN ('pending', 'completed', 'failed')),
    result            jsonb,
    error_type        text NOT NULL DEFAULT '',
    error_description text NOT NULL DEFAULT '',
    created_at        timestamptz NOT NULL, -- what was there until then is what the task is about
    updated_at        timestamptz NOT NULL,
    PRIMARY KEY (app_pk, id)
);
CREATE INDEX tasks_pending ON tasks (updated_at) WHERE status = 'pending';

-- To delete what a user wrote. A campaign's messages are found by its sender instead, so a batch writes nothing here.
CREATE INDEX messages_by_user ON messages (app_pk, user_id, id) WHERE recipient IS NULL;
CREATE INDEX campaigns_by_sender ON campaigns (app_pk, sender_id);

-- +goose Down
DROP INDEX campaigns_by_sender, messages_by_user;
DROP TABLE tasks;
