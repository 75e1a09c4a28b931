package models

import "time"

// App is one tenant. Every row, id and cursor belongs to one app, and an id of another app is like an unknown id.
type App struct {
	PK        int64  `gorm:"column:app_pk;primaryKey"`
	Name      string // unique among apps
	APIKey    string // public; names the app in every request
	Secret    string // signs tokens, cursors and webhooks; never shown to a client
	CreatedAt time.Time
}
