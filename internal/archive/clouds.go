// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	"gocloud.dev/gcerrors"
	"gocloud.dev/gcp"
	"google.golang.org/api/googleapi"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const (
	gcsScheme   = "gs"
	azureScheme = "azblob"
)

// checkCloud finds out before anything is opened whether what the driver needs is set: Google's would print its warning
// to standard output, where outputs go.
func (d *Destination) checkCloud(ctx context.Context, u *url.URL) error {
	query := u.Query()
	switch u.Scheme {
	case s3Scheme, gcsScheme, azureScheme:
		if u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return sysexits.New(sysexits.Usage, nil, "the destination must be %s://NAME of a bucket alone; for a folder in it add ?prefix=folder/", u.Scheme)
		}
	}
	switch u.Scheme {
	case gcsScheme:
		emulated := os.Getenv("STORAGE_EMULATOR_HOST") != ""
		if emulated || query.Get("anonymous") == "true" || query.Get("access_id") == "-" {
			return nil
		}
		if _, err := gcp.DefaultCredentials(ctx); err != nil {
			return noCredentials(d, "GOOGLE_APPLICATION_CREDENTIALS, or give the Pod workload identity", err)
		}
	case azureScheme:
		if !query.Has("storage_account") && os.Getenv("AZURE_STORAGE_ACCOUNT") == "" &&
			os.Getenv("AZURE_STORAGE_CONNECTION_STRING") == "" && os.Getenv("AZURE_STORAGEBLOB_CONNECTIONSTRING") == "" {
			return sysexits.New(sysexits.Config, nil,
				"no storage account for the destination %s: set AZURE_STORAGE_ACCOUNT, or add ?storage_account= to the destination", d)
		}
	}
	return nil
}

func noCredentials(d *Destination, set string, err error) error {
	return sysexits.New(sysexits.Config, withoutURL(err), "no credentials for the destination %s: set %s", d, set)
}

// answer is what a bucket's service said.
type answer struct {
	status int
	code   string // of the service's own
	text   error  // short
}

// answerOf returns what the service answered, and false when err is of something else.
func answerOf(err error) (answer, bool) {
	a := answer{text: err}
	var amazon *awshttp.ResponseError
	if errors.As(err, &amazon) {
		a.status = amazon.HTTPStatusCode()
	}
	var api smithy.APIError
	var google *googleapi.Error
	var azure *azcore.ResponseError
	switch {
	case errors.As(err, &api):
		a.code = api.ErrorCode()
		a.text = errors.New(strings.TrimSuffix(api.ErrorCode()+": "+api.ErrorMessage(), ": "))
	case errors.As(err, &google):
		a.status, a.text = google.Code, errors.New(google.Message)
		if len(google.Errors) > 0 {
			a.code = google.Errors[0].Reason
		}
	case errors.As(err, &azure):
		a.status, a.code, a.text = azure.StatusCode, azure.ErrorCode, errors.New(azure.ErrorCode)
	}
	return a, a.status != 0 || a.code != ""
}

var (
	bucketCodes   = []string{"NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted", "InvalidBucketName"}
	refusalCodes  = []string{"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthenticationFailed", "InvalidToken", "XAdminUserNotFound"}
	regionCodes   = []string{"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
	passingCodes  = []string{"ExpiredToken", "ExpiredTokenException", "RequestTimeTooSkewed", "SlowDown", "TooManyRequests"}
	capacityCodes = []string{"QuotaExceeded", "XMinioStorageFull", "EntityTooLarge", "InsufficientAccountPermissionsOrQuota"}
)

// missingBucket reports whether err says that the bucket itself does not exist.
func (d *Destination) missingBucket(err error) bool {
	a, _ := answerOf(err)
	return errors.Is(err, storage.ErrBucketNotExist) || slices.Contains(bucketCodes, a.code) ||
		a.status == http.StatusNotFound && strings.Contains(a.text.Error(), "bucket does not exist")
}

// isRefusal reports whether err says that credentials are not enough.
func isRefusal(err error) bool {
	a, _ := answerOf(err)
	return a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || slices.Contains(refusalCodes, a.code)
}

// cloudError explains an error of a bucket that is no folder.
func (d *Destination) cloudError(err error) error {
	a, answered := answerOf(err)
	exit := func(code int, format string, args ...any) error { return sysexits.New(code, a.text, format, args...) }
	switch {
	case d.missingBucket(err), answered && a.status == http.StatusNotFound && !isRefusal(err):
		return exit(sysexits.Config, "the bucket %s does not exist; create it, or correct --destination", d)
	case slices.Contains(passingCodes, a.code), a.status == http.StatusTooManyRequests:
		return exit(sysexits.TempFail, "the destination %s does not accept the file now", d)
	case isRefusal(err):
		return exit(sysexits.NoPerm, "access to the destination %s was refused; check the credentials, and that they may write there", d)
	case slices.Contains(regionCodes, a.code), a.status == http.StatusMovedPermanently:
		return exit(sysexits.Config, "the bucket %s is in another region; correct AWS_REGION or ?region= of the destination", d)
	case slices.Contains(capacityCodes, a.code), a.status == http.StatusInsufficientStorage:
		return exit(sysexits.IOErr, "the destination %s is full, or accepts no file of this size", d)
	case a.status >= http.StatusInternalServerError:
		return exit(sysexits.Unavailable, "the destination %s failed", d)
	case answered:
		return exit(sysexits.IOErr, "the destination %s refused the file", d)
	case isCredentialFailure(err):
		return noCredentials(d, "those of the cloud (see the documentation of postprocess)", err)
	case isNetworkFailure(err):
		return sysexits.New(sysexits.Unavailable, withoutURL(err), "cannot reach the destination %s; check its endpoint, and network policies", d)
	}
	return sysexits.New(sysexits.IOErr, withoutURL(err), "cannot write to the destination %s", d)
}

// isCredentialFailure reports whether no credentials were found: neither Amazon's nor Microsoft's library has a type for it.
func isCredentialFailure(err error) bool {
	text := err.Error()
	return strings.Contains(text, "get identity:") || strings.Contains(text, "DefaultAzureCredential")
}

func isNetworkFailure(err error) bool {
	var network net.Error
	return errors.As(err, new(*url.Error)) || errors.As(err, &network) || errors.As(err, new(*smithy.OperationError)) &&
		gcerrors.Code(err) == gcerrors.Unknown && strings.Contains(err.Error(), "request send failed")
}

// withoutURL returns err without the URL of the request that failed, whose query may be a signature.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
