package main

import (
	"strings"
	"testing"

	"herald/internal/pushtest"
)

// Every mistake in how push is configured is told of at once, before any file is read.
func TestPushConfig(t *testing.T) {
	for name, value := range map[string]string{
		"HERALD_FCM_URL": "http://fcm.example.com", "HERALD_APNS_KEY_ID": "K", "HERALD_APNS_URL": "api.push.apple.com", "HERALD_PUSH_TITLE": "{{ sender.name",
		"HERALD_PUSH_BODY": "{{ range(3) }}", "HERALD_PUSH_EXPIRY": "48h", "HERALD_PUSH_CONCURRENCY": "0",
	} {
		t.Setenv(name, value)
	}
	_, err := readConfig()
	for _, part := range []string{
		"HERALD_FCM_CREDENTIALS_FILE is not set", "HERALD_FCM_URL is", "HERALD_APNS_KEY_FILE is not set", "HERALD_APNS_TEAM_ID is not set", "HERALD_APNS_TOPIC is not set",
		"HERALD_APNS_URL is", "HERALD_PUSH_TITLE: line 1", "HERALD_PUSH_BODY: line 1", "HERALD_PUSH_EXPIRY is 48h", "HERALD_PUSH_CONCURRENCY must be a positive number",
	} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in: %v", part, err)
		}
	}
}

// Only who pushes reads the keys, and says what is wrong with them.
func TestPushKeys(t *testing.T) {
	apns := pushtest.NewAPNs(t)
	for name, value := range map[string]string{
		"HERALD_FCM_CREDENTIALS_FILE": "/no/such/file", "HERALD_APNS_KEY_FILE": apns.CAFile(t), "HERALD_APNS_KEY_ID": "K", "HERALD_APNS_TEAM_ID": "T", "HERALD_APNS_TOPIC": "t",
	} {
		t.Setenv(name, value)
	}
	cfg, err := readConfig()
	if err != nil || !cfg.Push.on() {
		t.Fatalf("push is on: %v, %v", cfg.Push.on(), err)
	}
	_, err = relayConfigs(cfg, nil, newLogger(cfg))
	for _, part := range []string{"HERALD_FCM_CREDENTIALS_FILE: read the service account", "HERALD_APNS_KEY_FILE: ", "holds no .p8 key"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in: %v", part, err)
		}
	}
}

func TestPushIsOff(t *testing.T) {
	cfg, err := readConfig()
	if err != nil {
		t.Fatal(err)
	}
	relays, err := relayConfigs(cfg, nil, newLogger(cfg))
	if err != nil || cfg.Push.on() || len(relays) != 1 {
		t.Errorf("push is on: %v; %d relays; %v", cfg.Push.on(), len(relays), err)
	}
}
