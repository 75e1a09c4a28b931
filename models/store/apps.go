package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"herald/models"
)

// AppByKey gives the app with this API key; an unknown key is models.CodeNotFound.
func (s *Store) AppByKey(ctx context.Context, key string) (models.App, error) {
	app, err := gorm.G[models.App](s.db).Where("api_key = ?", key).First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return models.App{}, &models.Error{Code: models.CodeNotFound, Reason: "no app has this api_key"}
	}
	return app, wrap(err, "look up an app by its key")
}

// ListApps gives all apps in the order they were created.
func (s *Store) ListApps(ctx context.Context) ([]models.App, error) {
	apps, err := gorm.G[models.App](s.db).Order("app_pk").Find(ctx)
	return apps, wrap(err, "list apps")
}

// CreateApp makes an app with a new key and secret. A taken name is models.CodeInvalid.
func (s *Store) CreateApp(ctx context.Context, name string) (models.App, error) {
	app := models.App{Name: name, APIKey: newAPIKey(), Secret: newSecret(), CreatedAt: databaseTime()}
	err := gorm.G[models.App](s.db).Create(ctx, &app)
	if isPg(err, pgUniqueViolation) {
		return models.App{}, models.Invalid("an app named %q already exists", name)
	}
	return app, wrap(err, "create the app %q", name)
}

// EnsureApp gives the app of this name, made if there is none, with this key and secret. An empty key or secret is the
// one the app has, or a new one. A key that another app has is models.CodeInvalid.
func (s *Store) EnsureApp(ctx context.Context, name, key, secret string) (models.App, error) {
	app := models.App{Name: name, APIKey: key, Secret: secret, CreatedAt: databaseTime()}
	update := []string{"name"} // no change, but it makes the statement return the row that is there
	if key == "" {
		app.APIKey = newAPIKey()
	} else {
		update = append(update, "api_key")
	}
	if secret == "" {
		app.Secret = newSecret()
	} else {
		update = append(update, "secret")
	}
	err := gorm.G[models.App](s.db, clause.OnConflict{
		Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns(update),
	}, clause.Returning{}).Create(ctx, &app)
	if isPg(err, pgUniqueViolation) {
		return models.App{}, models.Invalid("another app has the api_key %q", key)
	}
	return app, wrap(err, "ensure the app %q", name)
}

// newAPIKey is public, so its length only keeps keys apart; newSecret has 256 bits, the strength of HS256.
func newAPIKey() string { return rand.Text() }

func newSecret() string {
	const secretBytes = 32
	b := make([]byte, secretBytes)
	rand.Read(b) // never fails
	return fmt.Sprintf("%x", b)
}
