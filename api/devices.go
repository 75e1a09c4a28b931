package api

import (
	"context"
	"net/http"

	"herald/api/request"
	"herald/models"
	"herald/wire"
)

func (s *Server) deviceRoutes() []route {
	return []route{
		{operation: "CreateDevice", method: http.MethodPost, path: "/devices", usersToo: true, handle: s.createDevice},
		{operation: "ListDevices", method: http.MethodGet, path: "/devices", usersToo: true, handle: s.listDevices},
		{operation: "DeleteDevice", method: http.MethodDelete, path: "/devices", usersToo: true, handle: s.deleteDevice},
	}
}

func (s *Server) createDevice(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	f.Require("push_provider")
	device := models.Device{
		AppPK:            c.app.PK,
		ID:               f.String("id"),
		PushProvider:     f.String("push_provider", request.OneOf(models.PushProviders...)),
		PushProviderName: f.OptionalString("push_provider_name", request.MaxChars(models.MaxIDLength)),
	}
	if !models.ValidTarget(device.ID) {
		f.Invalid("id", "is required: 1 to 255 characters, none of them a control character")
	}
	owner, err := s.actingUser(ctx, c, f)
	if err != nil {
		return nil, err
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if c.carriedOut() {
		return wire.NewObject(), nil
	}
	device.UserID = owner.ID
	return wire.NewObject(), s.store.AddDevice(ctx, device)
}

func (s *Server) listDevices(ctx context.Context, c *call) (*wire.Object, error) {
	q := c.query()
	owner, err := s.queryUser(ctx, c, q)
	if err != nil {
		return nil, err
	}
	if err := q.Err(); err != nil {
		return nil, err
	}
	devices, err := s.store.Devices(ctx, c.app.PK, []string{owner.ID})
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("devices", wire.Each(devices[owner.ID], wire.Device)), nil
}

func (s *Server) deleteDevice(ctx context.Context, c *call) (*wire.Object, error) {
	q := c.query()
	id := q.String("id")
	if id == "" {
		q.Invalid("id", "is required")
	}
	owner, err := s.queryUser(ctx, c, q)
	if err != nil {
		return nil, err
	}
	if err := q.Err(); err != nil {
		return nil, err
	}
	return wire.NewObject(), s.store.RemoveDevice(ctx, c.app.PK, owner.ID, id)
}
