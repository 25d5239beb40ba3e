package store

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// Kinds of objects.
const (
	Credential  = "credential"
	Source      = "source"
	Destination = "destination"
	Flow        = "flow"
)

// An Object is something that a person made: a credential, source, destination or flow. Its spec is the strict JSON
// of the kind's own settings; the services understand it.
type Object struct {
	ID          int64           `json:"-"`
	UID         string          `json:"id"` // cr_…, src_…, dst_…, flw_…; never changes
	Kind        string          `json:"kind"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Spec        json.RawMessage `json:"spec"`
	Revision    int64           `json:"revision"` // 1, 2, …; a change must name the one it was made from
	Owner       string          `json:"owner"`    // "ui" or a file set
	Paused      bool            `json:"paused"`
	Reason      string          `json:"reason,omitempty"` // why it is paused
	Created     time.Time       `json:"created"`
	Updated     time.Time       `json:"updated"`

	// What it uses, by ID; 0 for nothing. The services set them beside the spec.
	CredentialID  int64 `json:"-"`
	SourceID      int64 `json:"-"`
	DestinationID int64 `json:"-"`

	Tenant string `json:"tenant,omitempty"` // a credential's, source's or flow's tenant: the ID, or the domain until that is resolved (SetTenant). Turns go round by it; without one, by the source's UID
	Lanes  int    `json:"-"`                // a flow's number of lanes, at least 1

	Expires time.Time `json:"-"` // when a credential's secret ends; zero: not known
}

var uidPrefix = map[string]string{Credential: "cr_", Source: "src_", Destination: "dst_", Flow: "flw_"}

func newUID(prefix string) string {
	var raw [10]byte
	_, _ = rand.Read(raw[:])
	return prefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:]))
}

const objectColumns = `id, uid, kind, name, description, spec, revision, owner, paused, reason, created, updated,
	credential, source, destination, tenant, lanes, expires`

func scanObject(scan func(...any) error) (Object, error) {
	var (
		o                Object
		spec             string
		paused           int64
		created, updated int64
		expires          int64
	)
	err := scan(&o.ID, &o.UID, &o.Kind, &o.Name, &o.Description, &spec, &o.Revision, &o.Owner, &paused, &o.Reason, &created, &updated,
		&o.CredentialID, &o.SourceID, &o.DestinationID, &o.Tenant, &o.Lanes, &expires)
	o.Expires = moment(expires)
	o.Spec, o.Paused, o.Created, o.Updated = json.RawMessage(spec), paused != 0, moment(created), moment(updated)
	return o, err
}

// Objects gives all objects of a kind by name.
func (s *Store) Objects(ctx context.Context, kind string) ([]Object, error) {
	var all []Object
	err := s.reading().each(ctx, `SELECT `+objectColumns+` FROM object WHERE kind = ? ORDER BY name`, []any{kind}, func(scan func(...any) error) error {
		o, err := scanObject(scan)
		all = append(all, o)
		return err
	})
	return all, s.trouble(err)
}

// Object gives one by name or UID. NotFound if there is none.
func (s *Store) Object(ctx context.Context, kind, name string) (Object, error) {
	o, err := scanObject(s.reading().row(ctx, `SELECT `+objectColumns+` FROM object WHERE kind = ? AND (name = ? OR uid = ?)`, kind, name, name).Scan)
	if isNoRows(err) {
		return Object{}, notFound(kind, name)
	}
	return o, s.trouble(err)
}

// ObjectByID gives one by its number. NotFound if there is none.
func (s *Store) ObjectByID(ctx context.Context, kind string, id int64) (Object, error) {
	o, err := scanObject(s.reading().row(ctx, `SELECT `+objectColumns+` FROM object WHERE kind = ? AND id = ?`, kind, id).Scan)
	if isNoRows(err) {
		return Object{}, notFound(kind, fmt.Sprint(id))
	}
	return o, s.trouble(err)
}

// CreateObject stores a new object (and its secret, if sealed is not nil: sealed is called with the new UID, so that
// the secret can be bound to it). Conflict if the name is taken.
func (s *Store) CreateObject(ctx context.Context, o Object, sealed func(uid string) (*Secret, error)) (Object, error) {
	o.UID, o.Revision = newUID(uidPrefix[o.Kind]), 1
	o.Created = s.now()
	o.Updated = o.Created
	err := s.inTx(ctx, func(t tx) error {
		var n int
		if err := t.row(ctx, `SELECT count(*) FROM object WHERE kind = ? AND name = ?`, o.Kind, o.Name).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return taken(o.Kind, o.Name)
		}
		err := t.row(ctx, `INSERT INTO object (uid, kind, name, description, spec, revision, owner, paused, reason, created, updated,
			credential, source, destination, tenant, lanes, expires) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) RETURNING id`, o.UID, o.Kind, o.Name, o.Description, string(o.Spec), o.Revision, o.Owner,
			flag(o.Paused), o.Reason, micros(o.Created), micros(o.Updated), o.CredentialID, o.SourceID, o.DestinationID, o.Tenant, o.Lanes, micros(o.Expires)).Scan(&o.ID)
		if err != nil {
			return err
		}
		if err := t.putSecret(ctx, o.UID, sealed); err != nil {
			return err
		}
		t.tell(o.Kind, o.ID)
		return t.objectMade(ctx, o)
	})
	return o, err
}

// UpdateObject changes name, description, spec, owner and pause of the object with o's ID, if its revision still is
// o.Revision. Conflict (code "stale_revision") if not, or if the new name is taken.
func (s *Store) UpdateObject(ctx context.Context, o Object, sealed func(uid string) (*Secret, error)) (Object, error) {
	o.Updated = s.now()
	err := s.inTx(ctx, func(t tx) error {
		var n int
		if err := t.row(ctx, `SELECT count(*) FROM object WHERE kind = ? AND name = ? AND id <> ?`, o.Kind, o.Name, o.ID).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return taken(o.Kind, o.Name)
		}
		if err := t.forgetTest(ctx, o, sealed != nil); err != nil {
			return err
		}
		changed, err := t.changed(ctx, `UPDATE object SET name = ?, description = ?, spec = ?, owner = ?, paused = ?, reason = ?, updated = ?,
			credential = ?, source = ?, destination = ?, tenant = ?, lanes = ?, expires = ?, revision = revision + 1
			WHERE id = ? AND kind = ? AND revision = ?`, o.Name, o.Description, string(o.Spec), o.Owner, flag(o.Paused), o.Reason, micros(o.Updated),
			o.CredentialID, o.SourceID, o.DestinationID, o.Tenant, o.Lanes, micros(o.Expires), o.ID, o.Kind, o.Revision)
		if err != nil {
			return err
		}
		if changed == 0 {
			return &fault.Error{Class: fault.Conflict, Code: "stale_revision", Title: fmt.Sprintf("%s %q was changed by somebody else in the meantime", o.Kind, o.Name),
				Hint: "look at it again and repeat the change"}
		}
		if err := t.putSecret(ctx, o.UID, sealed); err != nil {
			return err
		}
		t.tell(o.Kind, o.ID)
		return t.objectMade(ctx, o)
	})
	o.Revision++
	return o, err
}

// DeleteObject removes an object and everything that is remembered for it. The caller has made sure that nothing
// uses it.
func (s *Store) DeleteObject(ctx context.Context, o Object) error {
	return s.inTx(ctx, func(t tx) error {
		changed, err := t.changed(ctx, `DELETE FROM object WHERE id = ? AND kind = ? AND revision = ?`, o.ID, o.Kind, o.Revision)
		if err != nil {
			return err
		}
		if changed == 0 {
			return &fault.Error{Class: fault.Conflict, Code: "stale_revision", Title: fmt.Sprintf("%s %q was changed or removed in the meantime", o.Kind, o.Name)}
		}
		if err := t.exec(ctx, `DELETE FROM secret WHERE owner = ?`, o.UID); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM tested WHERE object_id = ?`, o.ID); err != nil {
			return err
		}
		t.tell(o.Kind, o.ID)
		return t.objectGone(ctx, o)
	})
}

// Uses gives the objects that use o: sources and destinations of a credential, flows of a source or destination.
func (s *Store) Uses(ctx context.Context, o Object) ([]Object, error) {
	column, ok := map[string]string{Credential: "credential", Source: "source", Destination: "destination"}[o.Kind]
	if !ok {
		return nil, nil
	}
	var all []Object
	err := s.reading().each(ctx, `SELECT `+objectColumns+` FROM object WHERE `+column+` = ? ORDER BY kind, name`, []any{o.ID}, func(scan func(...any) error) error {
		user, err := scanObject(scan)
		all = append(all, user)
		return err
	})
	return all, s.trouble(err)
}

func taken(kind, name string) error {
	return &fault.Error{Class: fault.Conflict, Code: "name_taken", Title: fmt.Sprintf("the name %q is taken by another %s", name, kind), Hint: "choose another name"}
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
