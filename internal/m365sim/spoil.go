package m365sim

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/headrace/headrace/internal/m365sim/wire"
)

func (c *call) target() target {
	return target{op: c.op, tenant: c.tenant, ctype: c.ctype, id: c.contentID}
}

// spoil plays the fault that strikes a call, if one does. Faults of the body are left in the call for send.
func (s *Simulator) spoil(c *call) error {
	fault := s.faults.strike(c.target(), s.since())
	if fault == nil {
		return nil
	}
	id := c.contentID
	refused := map[string]func() *feedError{
		"af50000":       func() *feedError { return errInternal("AF50000") },
		"af50005":       func() *feedError { return errInternal("AF50005") },
		"af50006":       func() *feedError { return errInternal("AF50006") },
		"throttle":      func() *feedError { return s.tooMany(c) },
		"unauthorized":  errNoAuthorization,
		"no-permission": func() *feedError { return errPermission(nil, "ActivityFeed.Read") },
		"no-tenant": func() *feedError {
			return feedErrorf(400, "AF20011", "Specified tenant ID (%s) does not exist in the system or has been deleted.", c.tenant.ID)
		},
		"audit-off":  func() *feedError { return errAuditOff(c) },
		"disabled":   errSubscriptionDisabled,
		"not-found":  func() *feedError { return errNoContent(id) },
		"expired":    func() *feedError { return errExpired(id) },
		"invalid-id": func() *feedError { return feedErrorf(400, "AF20052", "Content ID %s in the URL is invalid.", id) },
		"stale-page": func() *feedError { return errNextPage(c.query.Get("nextpage")) },
		"single-quotes": func() *feedError {
			return &feedError{status: 500, code: "AF50000", raw: `{'error':{'code':'AF50000','message':'An internal error occurred. Retry the request.'}}`}
		},
	}[fault.Do]
	if refused != nil {
		e := refused()
		e.status = orStatus(fault.Status, e.status)
		if fault.RetryAfter > 0 {
			e.retryAfter = time.Duration(fault.RetryAfter)
		}
		return e
	}
	switch fault.Do {
	case "truncate", "cut", "slow":
		c.fault = fault
		return nil
	case "delay":
		if !wire.Pause(c.r.Context(), time.Duration(fault.Delay)) {
			return errDone
		}
		return nil
	}
	c.code = "fault " + fault.Do
	return s.breakOff(c.w, c.r, fault, &c.status)
}

func errInternal(code string) *feedError {
	return feedErrorf(500, code, "An internal error occurred. Retry the request.")
}

// breakOff plays what a gateway or the network does in place of the service.
func (s *Simulator) breakOff(w http.ResponseWriter, r *http.Request, fault *Fault, status *int) error {
	switch fault.Do {
	case "502", "503", "504":
		*status, _ = strconv.Atoi(fault.Do)
		fault.retryAfter(w)
		page := gatewayPage(*status)
		if fault.Do == "504" {
			page = ""
		}
		writeRaw(w, *status, "text/html", []byte(page))
	case "html":
		*status = orStatus(fault.Status, http.StatusOK)
		writeRaw(w, *status, "text/html", []byte(gatewayPage(*status)))
	case "reset":
		*status = 0
		if wire.Reset(w, r) {
			return errDone
		}
		return errAbort
	default:
		*status = 0
		return errAbort
	}
	return errDone
}

// gatewayFault plays a fault for sign-in's endpoints; false lets the request go on.
func (s *Simulator) gatewayFault(w http.ResponseWriter, r *http.Request, fault *Fault, counts *counter, op string) bool {
	if fault.Do == "delay" || fault.Do == "slow" {
		return !wire.Pause(r.Context(), time.Duration(fault.Delay))
	}
	status := 0
	err := s.breakOff(w, r, fault, &status)
	counts.count(op, status, "fault "+fault.Do)
	if errors.Is(err, errAbort) {
		panic(http.ErrAbortHandler)
	}
	return true
}

func gatewayPage(status int) string {
	text := http.StatusText(status)
	return fmt.Sprintf("<!DOCTYPE html>\n<html><head><title>%s</title></head>\n<body><h2>Our services aren't available right now</h2>"+
		"<p>We're working to restore all services as soon as possible. Please check back soon.</p>%d %s</body></html>\n", text, status, text)
}

// spoilItem makes an item's contentUri unusable where a fault wants so. The blob itself is there: a client that makes
// the address from the contentId can read it.
func (s *Simulator) spoilItem(c *call, b *blob, item wireContent) wireContent {
	t := target{op: OpList, tenant: c.tenant, ctype: b.ctype, id: b.id}
	if s.faults.strike(t, s.since(), "bad-content-uri") == nil {
		return item
	}
	forms := []string{"", "/audit/" + b.id, "https:///api/v1.0/" + c.tenant.ID + "/activity/feed/audit/" + b.id, "https://%zz" + c.r.Host}
	item.ContentURI = forms[below(mix(b.seed, 17), len(forms))]
	return item
}
