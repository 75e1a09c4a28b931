// Package push tells the devices of channel members of new messages, through Firebase Cloud Messaging (HTTP v1) and the
// Apple Push Notification service (HTTP/2).
//
// A [Service] is one of the two: it takes one [Notification] for one device, and its errors say what is to be done about
// them, see [Problem]. [Devices] takes what a transaction left in the outbox for devices, finds out whose they are, and
// sends each of them one notification.
//
// # Once for each device
//
// A message is sent to a device once, unless a relay dies between a service's answer and its own commit; then what it had
// in flight, one chunk at most, is sent again. The repeats have the same id, the same apns-collapse-id and the same tag, so
// that a device shows one notification in the place of the other. FCM's collapse_key is not used: FCM keeps four of them
// for a device that is offline, so the fifth message would push out another.
package push
