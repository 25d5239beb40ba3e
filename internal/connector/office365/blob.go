package office365

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// Read streams one blob's records. See connector.Source.
func (s *source) Read(ctx context.Context, split connector.Split, skip int64) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		resp, err := s.openBlob(ctx, split)
		if err != nil {
			yield(connector.Record{}, fmt.Errorf("read content %s: %w", split.ID, err))
			return
		}
		defer func() { _ = resp.Body.Close() }()
		parts := newSplitter(resp.Body, int(s.cfg.MaxRecord))
		defer parts.close()
		for {
			e, err := parts.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(connector.Record{}, fmt.Errorf("read content %s: %w", split.ID, s.unreadable(ctx, resp, parts, err)))
				return
			}
			if skip > 0 {
				skip--
				continue
			}
			if e.refused != nil && e.key == "" { // a refusal needs something to be known by
				e.key = fmt.Sprintf("%s#%d", strings.TrimSuffix(split.ID, settled), parts.count)
			}
			if !yield(connector.Record{Key: e.key, Op: connector.Upsert, Time: e.time, Body: e.raw}, e.refused) {
				return
			}
		}
	}
}

// openBlob asks for the blob where the listing said it is, and if that address is no good, where its ID says.
func (s *source) openBlob(ctx context.Context, split connector.Split) (*http.Response, error) {
	l, err := readLocator(split)
	if err != nil {
		return nil, err
	}
	if !split.Expires.IsZero() && !s.api.client.Now().Before(split.Expires) {
		return nil, s.expired(split.Expires)
	}
	rebuilt, err := s.api.address(ctx, "/audit/"+url.PathEscape(l.ID), nil)
	if err != nil {
		return nil, err
	}
	address := l.URI
	if !s.wellFormed(address) {
		s.env.Log.Warn("the service gave a content address that is malformed; it is rebuilt from the content ID", "content", l.ID)
		address = rebuilt
	}
	resp, err := s.api.do(ctx, microsoft.Request{URL: address})
	if err != nil && address != rebuilt && badAddress(err) {
		resp, err = s.api.do(ctx, microsoft.Request{URL: rebuilt})
	}
	if err != nil {
		return nil, blobFault(err)
	}
	return resp, nil
}

func (s *source) expired(at time.Time) error {
	c, _ := microsoft.Explain("AF20051")
	return &fault.Error{Class: fault.Lost, Code: c.Name, Title: "The content expired at " + at.UTC().Format(time.RFC3339) + " before it was read", Hint: c.Hint}
}

// wellFormed tells whether an address leads to a blob of this API. Others have been seen, and the token must not go
// where they lead.
func (s *source) wellFormed(address string) bool {
	u, err := url.Parse(address)
	return err == nil && s.api.own(address) && strings.HasPrefix(u.Path, "/api/") && strings.Contains(u.Path, "/activity/feed/audit/")
}

// badAddress: AF20052 is a content ID that the service doesn't accept; a 404 without a code is no answer of the feed.
func badAddress(err error) bool {
	f, ok := fault.As(err)
	return ok && f.Upstream != nil && (f.Upstream.Code == "AF20052" || f.Upstream.Code == "" && f.Upstream.Status == http.StatusNotFound)
}

// blobFault is the error of a whole blob. Classes that would let it vanish silently, or be taken for one record's, are
// replaced: Internal is tried some times and then shown.
func blobFault(err error) error {
	f, ok := fault.As(err)
	if !ok {
		return err
	}
	e := *f
	switch f.Class {
	case fault.NotFound, fault.Conflict:
		e.Class = fault.Unavailable // until it expires
	case fault.Invalid:
		e.Class = fault.Internal
	}
	return &e
}

// unreadable explains why a blob's body ended early. It is worth trying again: the feed's blobs are arrays, and what is
// none was cut off or made by something on the way.
func (s *source) unreadable(ctx context.Context, resp *http.Response, parts *splitter, err error) error {
	if ctx.Err() != nil {
		return microsoft.Diagnose(resp.Request.URL.Hostname(), ctx.Err())
	}
	if f, ok := fault.As(err); ok {
		return f
	}
	if errors.Is(err, errNoArray) {
		_ = parts.fill() // for a longer quotation
		return microsoft.Unreadable("management", resp, parts.buf[:parts.end], err)
	}
	if errors.Is(err, errCut) {
		return fault.New(fault.Unavailable, "the blob %w, after %d records", err, parts.count).WithCode("blob_cut").
			WithHint("The connection or the service broke off. It is read again.")
	}
	return fault.New(fault.Unavailable, "the blob can't be read: %w", err).WithCode("blob_unreadable").WithHint("It is read again.")
}
