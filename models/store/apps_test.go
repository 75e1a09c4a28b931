package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func TestApps(t *testing.T) {
	s := openStore(t)
	ctx := t.Context()
	first, err := s.CreateApp(ctx, "first")
	if err != nil {
		t.Fatal(err)
	}
	if first.PK == 0 || first.APIKey == "" || len(first.Secret) < 32 {
		t.Errorf("new app %+v", first)
	}
	if _, err := s.CreateApp(ctx, "first"); models.ErrorCode(err) != models.CodeInvalid {
		t.Errorf("the same name again: %v", err)
	}
	found, err := s.AppByKey(ctx, first.APIKey)
	if diff := cmp.Diff(first, found); diff != "" || err != nil {
		t.Errorf("by key (-want +got): %v\n%s", err, diff)
	}
	if _, err := s.AppByKey(ctx, "nobody's"); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("unknown key: %v", err)
	}

	for _, tc := range []struct {
		name, key, secret string
		want              models.App // "" is anything
	}{
		{"first", "", "", models.App{PK: first.PK, APIKey: first.APIKey, Secret: first.Secret}},
		{"first", "key", "", models.App{PK: first.PK, APIKey: "key", Secret: first.Secret}},
		{"first", "", "secret", models.App{PK: first.PK, APIKey: "key", Secret: "secret"}},
		{"second", "key2", "secret2", models.App{APIKey: "key2", Secret: "secret2"}},
		{"third", "", "", models.App{}},
	} {
		got, err := s.EnsureApp(ctx, tc.name, tc.key, tc.secret)
		if err != nil {
			t.Fatalf("ensure %+v: %v", tc, err)
		}
		if got.Name != tc.name || tc.want.PK != 0 && got.PK != tc.want.PK || tc.want.APIKey != "" && got.APIKey != tc.want.APIKey ||
			tc.want.Secret != "" && got.Secret != tc.want.Secret || got.APIKey == "" || got.Secret == "" {
			t.Errorf("ensure %+v: got %+v", tc, got)
		}
		if stored, err := s.AppByKey(ctx, got.APIKey); err != nil || cmp.Diff(got, stored) != "" {
			t.Errorf("ensured %+v, stored %+v: %v", got, stored, err)
		}
	}
	if _, err := s.EnsureApp(ctx, "fourth", "key2", ""); models.ErrorCode(err) != models.CodeInvalid {
		t.Errorf("a key of another app: %v", err)
	}
	apps, err := s.ListApps(ctx)
	if err != nil || len(apps) != 3 || apps[0].Name != "first" || apps[2].Name != "third" {
		t.Errorf("apps %+v: %v", apps, err)
	}
}
