package bucket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/headrace/headrace/internal/fault"
)

// errStalled is a request that was given up because nothing came.
var errStalled = errors.New("nothing came for too long")

// explain says what was being done. ctx is the caller's, watch the one that ends when nothing comes.
func explain(ctx, watch context.Context, doing string, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(context.Cause(watch), errStalled):
		return &fault.Error{Class: fault.Unavailable, Code: "storage_silent", Title: doing + ": the storage does not answer",
			Hint: "Is its address right and reachable from this machine, also through the proxy (HTTPS_PROXY)? It is tried again."}
	}
	if f, ok := fault.As(err); ok {
		e := *f
		e.Title = doing + ": " + f.Title
		return &e
	}
	return fault.New(fault.Unavailable, "%s: %w", doing, bare(err)).WithCode("storage_error").
		WithHint("Is its address right and reachable from this machine, also through the proxy (HTTPS_PROXY)? It is tried again.")
}

// bare takes the URL off an error: its query can hold a signature that lets in whoever reads it.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// codeNoKeys is our own, for a client that found nothing to sign in with.
const codeNoKeys = "credentials_missing"

// An answer is what a storage said of a request that went wrong.
type answer struct {
	service, code, text, request string
	status                       int // HTTP; 0: there was no answer
}

// class makes a classed error of it. A missing bucket is no missing file: nothing counts as gone then.
func (a answer) class(err error) error {
	e := &fault.Error{Class: fault.Unavailable, Code: "storage_error", Title: cmp.Or(a.text, http.StatusText(a.status)), Hint: "The storage has trouble. It is tried again."}
	if a.status > 0 {
		e.Upstream = &fault.Upstream{Service: a.service, Status: a.status, Code: a.code, RequestID: a.request}
	}
	say := func(class fault.Class, code, hint string) { e.Class, e.Code, e.Hint = class, code, hint }
	switch {
	case a.status == 0 && a.code == "":
		return err // no answer
	case a.code == codeNoKeys:
		say(fault.Denied, codeNoKeys, "Set keys in the environment that headrace runs in: "+chain[schemes[a.service]]+".")
	case archived[a.code]:
		say(fault.Invalid, "object_archived", "Restore it from the archive tier, or leave it out with exclude.")
	case expired[a.code]:
		say(fault.Denied, "credentials_expired", "The keys are no longer good. Renew what the environment of headrace says: "+chain[schemes[a.service]]+".")
	case a.code == "RequestTimeTooSkewed":
		say(fault.Denied, "clock_wrong", "Set the clock of this machine (NTP).")
	case a.code == "AuthorizationHeaderMalformed", a.status == http.StatusMovedPermanently, a.code == "PermanentRedirect":
		say(fault.Invalid, "region_wrong", "The bucket is in another region. Write that one behind the path, like ?region=eu-central-1.")
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		say(fault.Denied, "permission_denied", "Let the identity that headrace uses list the bucket and read its objects: "+rights[a.service]+".")
	case a.status == http.StatusNotFound && missingBucket[a.code]:
		say(fault.Unavailable, "bucket_missing", "Is the bucket's name right? What was read from it before is not taken for deleted meanwhile.")
	case a.status == http.StatusNotFound:
		say(fault.NotFound, "file_vanished", "")
	case a.status == http.StatusTooManyRequests, a.status == http.StatusServiceUnavailable:
		say(fault.Throttled, "storage_busy", "The storage asked to slow down. It goes on by itself.")
	case a.status >= 400 && a.status < 500 && a.status != http.StatusRequestTimeout && a.status != http.StatusConflict:
		say(fault.Invalid, "storage_refused", "Look at the path and its parameters, and at the code above.")
	}
	return e
}

var (
	archived      = map[string]bool{"InvalidObjectState": true, "BlobArchived": true, "BlobBeingRehydrated": true}
	expired       = map[string]bool{"ExpiredToken": true, "ExpiredTokenException": true, "InvalidToken": true, "TokenRefreshRequired": true, "InvalidAccessKeyId": true, "SignatureDoesNotMatch": true}
	missingBucket = map[string]bool{"NoSuchBucket": true, "ContainerNotFound": true, "ContainerBeingDeleted": true}
	schemes       = map[string]string{"s3": "s3", "azure-blob": "azblob", "google-storage": "gs"}
	rights        = map[string]string{
		"s3":             "s3:ListBucket on the bucket and s3:GetObject on its objects",
		"azure-blob":     "the role Storage Blob Data Reader on the container",
		"google-storage": "the role Storage Object Viewer on the bucket",
	}
)

func noKeys(ctx context.Context, a address, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &fault.Error{Class: fault.Denied, Code: codeNoKeys, Title: "no keys were found that sign in to " + a.String(), Err: errors.New(firstLine(err)),
		Hint: "Set keys in the environment that headrace runs in: " + chain[a.scheme] + "."}
}

// wrongAddress is an address that a cloud's client refuses.
func wrongAddress(a address, err error) error {
	return &fault.Error{Class: fault.Invalid, Code: "address_wrong", Title: a.String() + " can't be opened", Err: errors.New(firstLine(bare(err))),
		Hint: fmt.Sprintf("Look at the parameters behind the ?. Keys come from the environment: %s.", chain[a.scheme])}
}

// firstLine is the beginning of a text that some clients write as a page.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
