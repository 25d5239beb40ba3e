package m365sim

import (
	"bytes"
	"compress/gzip"
	"container/list"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/m365sim/wire"
)

// findBlob resolves the blob that the URL names.
func (c *call) findBlob() {
	c.tenant.mu.RLock()
	defer c.tenant.mu.RUnlock()
	for ctype, x := range c.tenant.streams {
		if b := x.byID[c.contentID]; b != nil {
			c.blob, c.ctype = b, ctype
		}
	}
}

// readBlob answers GET audit/{contentId}.
func (s *Simulator) readBlob(c *call) error {
	if err := s.mayRead(c); err != nil {
		return err
	}
	b := c.blob
	count := b.readable(c.now.UnixMilli(), c.tenant.content.Partial)
	if count == b.size() && c.fault == nil {
		b.fetched.Add(1)
	}
	switch b.kind {
	case "html":
		writeRaw(c.w, http.StatusOK, "text/html", []byte(gatewayPage(http.StatusOK)))
		return nil
	case "object":
		return s.send(c, []byte(`{"value":[],"note":"an object where an array belongs"}`))
	}
	shuffle := c.tenant.content.ShuffleKeys
	estimate := int64(count) * int64(max(b.bytes, 1500))
	if estimate > s.bodies.limit/8 {
		return s.stream(c, count, shuffle)
	}
	key := bodyKey{blob: b, count: count}
	body := s.bodies.get(key)
	if body == nil || shuffle {
		var err error
		if body, err = s.render(c.tenant, b, count, shuffle); err != nil {
			return err
		}
		if !shuffle {
			s.bodies.put(key, body)
		}
	}
	if s.scenario.Gzip && !shuffle && acceptsGzip(c.r) {
		return s.sendGzip(c, key, body)
	}
	return s.send(c, body)
}

// mayRead checks that the blob is there for this app, now.
func (s *Simulator) mayRead(c *call) error {
	if c.blob == nil {
		if !plausibleContentID(c.contentID) {
			return feedErrorf(400, "AF20052", "Content ID %s in the URL is invalid.", c.contentID)
		}
		return errNoContent(c.contentID)
	}
	c.tenant.mu.RLock()
	defer c.tenant.mu.RUnlock()
	x, err := c.subscribed()
	if err != nil {
		return err
	}
	now := c.now.UnixMilli()
	if c.blob.available > now || !x.shows(c.blob.available, now) {
		return errNoContent(c.contentID)
	}
	if c.blob.expires() <= now {
		return errExpired(c.contentID)
	}
	return nil
}

func errNoContent(id string) *feedError {
	return feedErrorf(404, "AF20050", "The specified content (%s) does not exist.", id)
}

func errExpired(id string) *feedError {
	return feedErrorf(400, "AF20051", "Content requested with the key %s has already expired. Content older than 7 days cannot be retrieved.", id)
}

// plausibleContentID says whether a text has the form of a content ID: two stamps of 23 digits, then names.
func plausibleContentID(id string) bool {
	parts := strings.Split(id, "$")
	if len(parts) < 4 || len(id) > 200 {
		return false
	}
	for i, part := range parts {
		if part == "" || strings.Trim(part, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
			return false
		}
		if i < 2 && (len(part) != 23 || strings.Trim(part, "0123456789") != "") {
			return false
		}
	}
	return true
}

// render makes the body of a blob with its first count records.
func (s *Simulator) render(t *tenant, b *blob, count int, shuffle bool) ([]byte, error) {
	body := make([]byte, 0, count*max(b.bytes+200, 1700)+2)
	body = append(body, '[')
	read := uint64(b.reads.Add(1))
	for i := range count {
		if i > 0 {
			body = append(body, ',')
		}
		var err error
		if body, err = s.appendOne(body, t, b.record(i), shuffle, read); err != nil {
			return nil, err
		}
	}
	body = append(body, ']')
	if b.kind == "cut" {
		body = body[:len(body)*2/3]
	}
	return body, nil
}

func (s *Simulator) appendOne(dst []byte, t *tenant, r recordRef, shuffle bool, read uint64) ([]byte, error) {
	at := len(dst)
	dst, err := s.appendRecord(dst, t, r)
	if err != nil || !shuffle {
		return dst, err
	}
	return append(dst[:at], shuffled(dst[at:], mix(r.seed(), read))...), nil
}

// stream writes a body that is too big to keep, piece by piece.
func (s *Simulator) stream(c *call, count int, shuffle bool) error {
	c.w.Header().Set("Content-Type", jsonType)
	c.w.WriteHeader(http.StatusOK)
	read := uint64(c.blob.reads.Add(1))
	piece := []byte{'['}
	for i := range count {
		if i > 0 {
			piece = append(piece, ',')
		}
		var err error
		if piece, err = s.appendOne(piece, c.tenant, c.blob.record(i), shuffle, read); err != nil {
			return err
		}
		if len(piece) < 64<<10 {
			continue
		}
		if _, err := c.w.Write(piece); err != nil {
			return errDone
		}
		piece = piece[:0]
		if err := s.spoilStream(c, i >= count/2); err != nil {
			return err
		}
	}
	_, err := c.w.Write(append(piece, ']'))
	if err != nil {
		return errDone
	}
	return nil
}

// spoilStream plays a fault of the body between two pieces of a stream.
func (s *Simulator) spoilStream(c *call, halfway bool) error {
	switch {
	case c.fault == nil:
	case c.fault.Do == "slow":
		if !wire.Pause(c.r.Context(), time.Duration(c.fault.Delay)) {
			return errDone
		}
	case halfway && c.fault.Do == "truncate":
		return errAbort
	case halfway: // cut
		return errDone
	}
	return nil
}

const jsonType = "application/json; charset=utf-8"

// send answers with a body, spoilt if a fault says so.
func (s *Simulator) send(c *call, body []byte) error {
	header := c.w.Header()
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", jsonType)
	}
	whole := len(body)
	if c.fault != nil && c.fault.Do == "cut" {
		whole = max(whole*2/3, 1)
	}
	header.Set("Content-Length", strconv.Itoa(whole))
	c.w.WriteHeader(http.StatusOK)
	switch {
	case c.fault == nil:
	case c.fault.Do == "truncate":
		_, _ = c.w.Write(body[:whole/2])
		_ = http.NewResponseController(c.w).Flush()
		return errAbort
	case c.fault.Do == "slow":
		if !wire.Drip(c.r.Context(), c.w, body, time.Duration(c.fault.Delay)) {
			return errDone
		}
		return nil
	}
	if _, err := c.w.Write(body[:whole]); err != nil {
		return errDone
	}
	return nil
}

func (s *Simulator) sendGzip(c *call, key bodyKey, body []byte) error {
	key.gzip = true
	packed := s.bodies.get(key)
	if packed == nil {
		var buffer bytes.Buffer
		writer, err := gzip.NewWriterLevel(&buffer, gzip.BestSpeed)
		if err == nil {
			_, err = writer.Write(body)
		}
		if err == nil {
			err = writer.Close()
		}
		if err != nil {
			return fmt.Errorf("compress blob: %w", err)
		}
		packed = buffer.Bytes()
		s.bodies.put(key, packed)
	}
	c.w.Header().Set("Content-Encoding", "gzip")
	c.w.Header().Set("Vary", "Accept-Encoding")
	return s.send(c, packed)
}

func acceptsGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

// A bodyCache keeps rendered bodies, the most recently used within a limit.
type bodyCache struct {
	mu    sync.Mutex
	limit int64
	size  int64
	order list.List // of *cachedBody, most recent first
	known map[bodyKey]*list.Element
}

type bodyKey struct {
	blob  *blob
	count int
	gzip  bool
}

type cachedBody struct {
	key  bodyKey
	body []byte
}

func (c *bodyCache) get(key bodyKey) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.known[key]
	if element == nil {
		return nil
	}
	c.order.MoveToFront(element)
	return element.Value.(*cachedBody).body
}

func (c *bodyCache) put(key bodyKey, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[bodyKey]*list.Element{}
	}
	if c.known[key] != nil || int64(len(body)) > c.limit {
		return
	}
	c.known[key] = c.order.PushFront(&cachedBody{key, body})
	c.size += int64(cap(body))
	for c.size > c.limit {
		last := c.order.Remove(c.order.Back()).(*cachedBody)
		delete(c.known, last.key)
		c.size -= int64(cap(last.body))
	}
}
