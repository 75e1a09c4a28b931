package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"herald/events/push"
	"herald/models"
	"herald/models/store"
)

// pushConfig says how pushes leave Herald. None of it is a secret: keys are in files.
type pushConfig struct {
	FCMCredentialsFile string `env:"HERALD_FCM_CREDENTIALS_FILE"` // a service account's key as JSON; without it no push to firebase devices
	FCMURL             string `env:"HERALD_FCM_URL"`              // push.FCMURL by default

	APNsKeyFile string `env:"HERALD_APNS_KEY_FILE"` // a .p8 key; without it no push to apn devices
	APNsKeyID   string `env:"HERALD_APNS_KEY_ID"`
	APNsTeamID  string `env:"HERALD_APNS_TEAM_ID"`
	APNsTopic   string `env:"HERALD_APNS_TOPIC"` // the app's bundle id
	APNsURL     string `env:"HERALD_APNS_URL"`   // push.APNsURL by default

	Title       string        `env:"HERALD_PUSH_TITLE"`                       // template; push.DefaultTitle by default
	Body        string        `env:"HERALD_PUSH_BODY"`                        // template; push.DefaultBody by default
	Expiry      time.Duration `env:"HERALD_PUSH_EXPIRY" envDefault:"1h"`      // after which a push is worth nothing
	Concurrency int           `env:"HERALD_PUSH_CONCURRENCY" envDefault:"32"` // requests to each service at once in a process
}

// on says whether pushes are sent at all. API, workers and relays must be of one opinion: without it nothing is recorded.
func (c pushConfig) on() bool { return c.fcm() || c.apns() }

func (c pushConfig) fcm() bool { return c.FCMCredentialsFile != "" || c.FCMURL != "" }

func (c pushConfig) apns() bool {
	return c.APNsKeyFile != "" || c.APNsKeyID != "" || c.APNsTeamID != "" || c.APNsTopic != "" || c.APNsURL != ""
}

func (c pushConfig) fcmConfig() push.FCMConfig {
	return push.FCMConfig{CredentialsFile: c.FCMCredentialsFile, URL: c.FCMURL}
}

func (c pushConfig) apnsConfig() push.APNsConfig {
	return push.APNsConfig{KeyFile: c.APNsKeyFile, KeyID: c.APNsKeyID, TeamID: c.APNsTeamID, Topic: c.APNsTopic, URL: c.APNsURL}
}

// check reports all problems that show without the files, which only those who push must be able to read.
func (c pushConfig) check() error {
	_, err := push.NewTexts(c.Title, c.Body)
	if c.fcm() {
		err = errors.Join(err, c.fcmConfig().Check())
	}
	if c.apns() {
		err = errors.Join(err, c.apnsConfig().Check())
	}
	if c.Expiry < time.Second || c.Expiry > models.MaxPushExpiry {
		err = errors.Join(err, fmt.Errorf("HERALD_PUSH_EXPIRY is %v, it must be between 1s and %v", c.Expiry, models.MaxPushExpiry))
	}
	return err
}

// newDevices reads the files and makes the receivers of pushes.
func newDevices(cfg config, db *store.Store, log *slog.Logger) (*push.Devices, error) {
	c := cfg.Push
	texts, err := push.NewTexts(c.Title, c.Body)
	var services []push.Service
	if c.fcm() {
		fcm, bad := push.NewFCM(c.fcmConfig())
		services, err = append(services, fcm), errors.Join(err, bad)
	}
	if c.apns() {
		apns, bad := push.NewAPNs(c.apnsConfig())
		services, err = append(services, apns), errors.Join(err, bad)
	}
	if err != nil {
		return nil, err
	}
	return push.NewDevices(db, services, push.Options{Texts: texts, Expiry: c.Expiry, Parallel: c.Concurrency, Log: log}), nil
}
