package engine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// openers keeps opened sources and flows until something that they are made of has a new revision. What is replaced
// is closed when its last user is done.
type openers struct {
	store  *store.Store
	opener Opener

	mu      sync.Mutex
	sources map[int64]*kept[*Source]
	flows   map[int64]*kept[*Flow]
}

// kept is one opened thing, in use by some turns.
type kept[T interface{ Close() error }] struct {
	once  sync.Once
	ready bool
	value T
	err   error
	made  string // the revisions it was made of
	users int
	stale bool
}

func newOpeners(s *store.Store, o Opener) *openers {
	return &openers{store: s, opener: o, sources: map[int64]*kept[*Source]{}, flows: map[int64]*kept[*Flow]{}}
}

// source gives the opened source; done must be called after its last use.
func (o *openers) source(ctx context.Context, id int64) (*Source, func(), error) {
	object, err := o.store.ObjectByID(ctx, store.Source, id)
	if err != nil {
		return nil, nil, err
	}
	made, err := o.revisions(ctx, object)
	if err != nil {
		return nil, nil, err
	}
	return use(o, o.sources, id, made, false, func() (*Source, error) {
		s, err := o.opener.OpenSource(ctx, object)
		if err != nil {
			return nil, fmt.Errorf("open source %s: %w", object.Name, err)
		}
		s.Object = object
		return s, nil
	})
}

// flow gives the opened flow; done must be called after its last use.
func (o *openers) flow(ctx context.Context, id int64) (*Flow, func(), error) {
	object, err := o.store.ObjectByID(ctx, store.Flow, id)
	if err != nil {
		return nil, nil, err
	}
	source, err := o.store.ObjectByID(ctx, store.Source, object.SourceID)
	if err != nil {
		return nil, nil, err
	}
	destination, err := o.store.ObjectByID(ctx, store.Destination, object.DestinationID)
	if err != nil {
		return nil, nil, err
	}
	made, err := o.revisions(ctx, object, source, destination)
	if err != nil {
		return nil, nil, err
	}
	return use(o, o.flows, id, made, o.store.Shared(), func() (*Flow, error) {
		f, err := o.opener.OpenFlow(ctx, object, source, destination)
		if err != nil {
			return nil, fmt.Errorf("open flow %s: %w", object.Name, err)
		}
		if f.Mirror && f.Prepare == nil {
			return nil, errors.Join(fault.New(fault.Internal, "flow %s mirrors into a destination that prepares nothing", object.Name), f.Close())
		}
		f.Object, f.revision = object, revisionOf(object, source, destination)
		return f, nil
	})
}

// revisionOf recognises everything that decides what a mirror sends: a crawl reads again what was delivered with
// another one. Unlike the objects' own revisions it does not change when one is paused.
func revisionOf(flow, source, destination store.Object) int64 {
	h := sha256.New()
	for _, o := range []store.Object{flow, source, destination} {
		_, _ = fmt.Fprintf(h, "%d:%d:", o.ID, len(o.Spec))
		_, _ = h.Write(o.Spec)
	}
	return int64(binary.BigEndian.Uint64(h.Sum(nil))>>1) | 1
}

// revisions names the state of the objects and of their credentials.
func (o *openers) revisions(ctx context.Context, objects ...store.Object) (string, error) {
	made := ""
	for _, object := range objects {
		made += fmt.Sprintf("%s:%d.%d ", object.Kind, object.ID, object.Revision)
		if object.CredentialID == 0 {
			continue
		}
		c, err := o.store.ObjectByID(ctx, store.Credential, object.CredentialID)
		if err != nil {
			return "", err
		}
		made += fmt.Sprintf("credential:%d.%d ", c.ID, c.Revision)
	}
	return made, nil
}

// use finds or opens a thing and counts its users. A brief one is closed when the last of them is done: a destination
// may have locked what it writes (files), and the lane's next turn can be another node's.
func use[T interface{ Close() error }](o *openers, all map[int64]*kept[T], id int64, made string, brief bool, open func() (T, error)) (T, func(), error) {
	o.mu.Lock()
	k, ok := all[id]
	if ok && k.made != made {
		retire(k)
		ok = false
	}
	if !ok {
		k = &kept[T]{made: made}
		all[id] = k
	}
	k.users++
	o.mu.Unlock()

	k.once.Do(func() { k.value, k.err = open(); k.ready = k.err == nil })
	done := func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		k.users--
		if (k.stale || brief) && k.users == 0 && k.ready {
			k.ready = false
			_ = k.value.Close()
			if all[id] == k {
				delete(all, id)
			}
		}
	}
	if k.err != nil {
		o.mu.Lock()
		if all[id] == k {
			delete(all, id) // the next turn tries again
		}
		o.mu.Unlock()
		done()
		var none T
		return none, nil, k.err
	}
	return k.value, done, nil
}

// retire closes a thing that nobody uses, or leaves that to its last user.
func retire[T interface{ Close() error }](k *kept[T]) {
	k.stale = true
	if k.users == 0 && k.ready {
		k.ready = false
		_ = k.value.Close()
	}
}

func (o *openers) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []error
	for id, k := range o.sources {
		if k.ready {
			all = append(all, k.value.Close())
		}
		delete(o.sources, id)
	}
	for id, k := range o.flows {
		if k.ready {
			all = append(all, k.value.Close())
		}
		delete(o.flows, id)
	}
	return errors.Join(all...)
}
