package models

import "time"

// MaxDevicesPerUser is how many devices a user can have; one more takes the place of the oldest (contract 16.6).
const MaxDevicesPerUser = 25

// PushProviders are the services through which a device can be reached.
var PushProviders = []string{"firebase", "apn", "huawei", "xiaomi"}

// Device is where a user gets pushes.
type Device struct {
	AppPK            int64
	ID               string
	UserID           string
	PushProvider     string
	PushProviderName *string // tells several configurations of one provider apart
	Disabled         bool
	CreatedAt        time.Time
}
