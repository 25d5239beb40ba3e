package bucket

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"
	"gocloud.dev/aws"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://, with its guard that a shared access signature goes to no other address
	"gocloud.dev/blob/s3blob"

	"github.com/headrace/headrace/internal/fault"
)

// cloud is a bucket that gocloud.dev/blob has a driver for.
type cloud struct {
	service string
	bucket  *blob.Bucket
}

// openS3 finds the keys at once: a client without any says so at its first request only, in words that nobody understands.
func openS3(ctx context.Context, a address) (store, error) {
	rest, own := url.Values{}, s3.Options{}
	flags := map[string]*bool{"use_path_style": &own.UsePathStyle, "accelerate": &own.UseAccelerate, "disable_https": &own.EndpointOptions.DisableHTTPS}
	for name, values := range a.query {
		flag := flags[name]
		if flag == nil {
			rest[name] = values
			continue
		}
		var err error
		if *flag, err = strconv.ParseBool(values[0]); err != nil {
			return nil, wrongAddress(a, fmt.Errorf("%s is true or false", name))
		}
	}
	cfg, err := aws.V2ConfigFromURLParams(context.WithoutCancel(ctx), rest)
	if err != nil {
		return nil, wrongAddress(a, err)
	}
	if cfg.Region == "" {
		return nil, &fault.Error{Class: fault.Invalid, Code: "region_missing", Title: "no region is set for " + a.String(),
			Hint: "Write it behind the path, like ?region=eu-central-1, or set AWS_REGION. A server of your own takes any, like us-east-1."}
	}
	if a.query.Get("anonymous") != "true" {
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return nil, noKeys(ctx, a, err)
		}
	}
	cfg.Logger = logging.Nop{} // it would write to standard error
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle, o.UseAccelerate, o.EndpointOptions.DisableHTTPS = own.UsePathStyle, own.UseAccelerate, own.EndpointOptions.DisableHTTPS
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) { r.MaxAttempts, r.MaxBackoff = 2, time.Second }) // the engine tries again at its own pace
	})
	b, err := s3blob.OpenBucket(ctx, client, a.bucket, nil)
	if err != nil {
		return nil, wrongAddress(a, err)
	}
	return &cloud{service: "s3", bucket: b}, nil
}

// openAzure makes a client that signs in with what the environment says.
func openAzure(ctx context.Context, a address) (store, error) {
	if domain := a.query.Get("domain"); foreign(domain) && os.Getenv("AZURE_STORAGE_KEY") == "" {
		return nil, (&fault.Error{Class: fault.Invalid, Code: "address_wrong", Title: "the path's domain " + domain + " is none of Microsoft's"}).
			WithHint("A token would be sent there. Set AZURE_STORAGE_DOMAIN in the environment of headrace instead, or sign in with AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY.")
	}
	u := &url.URL{Scheme: a.scheme, Host: a.bucket, RawQuery: a.query.Encode()}
	b, err := blob.OpenBucket(context.WithoutCancel(ctx), u.String())
	if err != nil {
		return nil, wrongAddress(a, err)
	}
	return &cloud{service: "azure-blob", bucket: b}, nil
}

// foreign tells a domain that is neither one of Microsoft's clouds nor this machine.
func foreign(domain string) bool {
	host, _, _ := strings.Cut(strings.ToLower(domain), ":")
	for _, own := range []string{"", "localhost", "127.0.0.1", "blob.core.windows.net", "blob.core.usgovcloudapi.net", "blob.core.chinacloudapi.cn"} {
		if host == own {
			return false
		}
	}
	return !strings.HasSuffix(host, ".storage.azure.net")
}

func (c *cloud) close() error { return c.bucket.Close() }

func (c *cloud) page(ctx context.Context, prefix, token string, size int) ([]object, string, error) {
	at := blob.FirstPageToken
	if token != "" {
		at = []byte(token)
	}
	found, next, err := c.bucket.ListPage(ctx, at, size, &blob.ListOptions{Prefix: prefix})
	if err != nil {
		return nil, "", c.class(err)
	}
	out := make([]object, 0, len(found))
	for _, o := range found {
		out = append(out, listed(o))
	}
	return out, string(next), nil
}

// listed is an object as a listing shows it.
func listed(o *blob.ListObject) object {
	out := object{key: o.Key, size: o.Size, modified: o.ModTime.UTC().Truncate(time.Second), tag: hex.EncodeToString(o.MD5)}
	var amazon types.Object
	var azure container.BlobItem
	switch {
	case o.As(&amazon) && amazon.ETag != nil:
		out.tag = unquoted(*amazon.ETag)
	case o.As(&azure) && azure.Properties != nil:
		if azure.Properties.ETag != nil {
			out.tag = unquoted(string(*azure.Properties.ETag))
		}
		if r := azure.Properties.ResourceType; r != nil && *r == "directory" { // an account with a hierarchy lists its folders too
			out.key += "/"
		}
	}
	return out
}

func unquoted(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }

func (c *cloud) open(ctx context.Context, key string) (io.ReadCloser, object, error) {
	r, err := c.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, object{}, c.class(err)
	}
	o := object{key: key, size: r.Size(), modified: r.ModTime().UTC().Truncate(time.Second)}
	var amazon s3.GetObjectOutput
	var azure azblob.DownloadStreamResponse
	switch {
	case r.As(&amazon) && amazon.ETag != nil:
		o.tag = unquoted(*amazon.ETag)
	case r.As(&azure) && azure.ETag != nil:
		o.tag = unquoted(string(*azure.ETag))
	}
	return &classing{ReadCloser: r, class: c.class}, o, nil
}

// classing gives the errors of a download their class.
type classing struct {
	io.ReadCloser
	class func(error) error
}

// Read reads.
func (c *classing) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = c.class(err)
	}
	return n, err
}

// class says what a cloud's client means by an error.
func (c *cloud) class(err error) error {
	said := answer{service: c.service}
	var amazon apiError
	var status statusError
	var request requestError
	var azure *azcore.ResponseError
	var unsigned interface{ NonRetriable() } // how azidentity says that it has nothing to sign in with
	switch {
	case errors.As(err, &azure):
		said.status, said.code = azure.StatusCode, azure.ErrorCode
		if azure.RawResponse != nil {
			said.request = azure.RawResponse.Header.Get("x-ms-request-id")
		}
	case errors.As(err, &unsigned):
		said.code = codeNoKeys
		said.text = firstLine(err)
	default:
		if errors.As(err, &status) {
			said.status = status.HTTPStatusCode()
		}
		if errors.As(err, &request) {
			said.request = request.ServiceRequestID()
		}
		if errors.As(err, &amazon) {
			said.code, said.text = amazon.ErrorCode(), amazon.ErrorMessage()
		}
	}
	said.text = cmp.Or(said.text, said.code)
	return said.class(err)
}

// What the errors of Amazon's client tell (smithy-go and aws-sdk-go-v2/aws/transport/http).
type (
	apiError interface {
		error
		ErrorCode() string
		ErrorMessage() string
	}
	statusError interface {
		error
		HTTPStatusCode() int
	}
	requestError interface {
		error
		ServiceRequestID() string
	}
)
