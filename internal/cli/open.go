// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/events"
)

const (
	eventsContainer = "events"
	eventsAddress   = ":8084" // the default of --bind-address
	// tokenLifetime is how long the page can read recordings: the least that Kubernetes issues a token for is ten minutes.
	tokenLifetime = time.Hour
)

type openOptions struct {
	*options
	operatorNamespace string
	serviceAccount    string
	noBrowser         bool
}

func newOpenCommand(o *options) *cobra.Command {
	p := &openOptions{options: o}
	cmd := &cobra.Command{
		Use:     "open NAME",
		GroupID: groupInspect,
		Short:   "Open the page of a recording in a browser",
		Long: `Open the page of a recording in a browser, through a port that is forwarded to the events server until you press Ctrl+C.

The page reads recordings with a token of --service-account that is valid for an hour. Your own credentials are not sent to
the events server. The service account needs the role view (or get, list and watch of meetingrecordings) in the namespace.`,
		Example: `  kubectl -n meetings create serviceaccount watcher
  kubectl -n meetings create rolebinding watcher --clusterrole=view --serviceaccount=meetings:watcher
  kubectl recording -n meetings open NAME --service-account=watcher`,
		Args:              exactName,
		ValidArgsFunction: o.completeName,
		RunE:              func(cmd *cobra.Command, args []string) error { return p.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&p.operatorNamespace, "operator-namespace", defaultOperatorNamespace, "Namespace of the events server.")
	flags.StringVar(&p.serviceAccount, "service-account", "", "Service account of the recording's namespace that the page reads as.")
	flags.BoolVar(&p.noBrowser, "no-browser", false, "Print the address only.")
	// It fails only for a flag that does not exist.
	_ = cmd.MarkFlagRequired("service-account")
	return cmd
}

func (p *openOptions) run(ctx context.Context, name string) error {
	namespace, c, err := p.target()
	if err != nil {
		return err
	}
	if _, err := p.recording(ctx, c, namespace, name); err != nil {
		return err
	}
	config, err := p.restConfig()
	if err != nil {
		return err
	}
	pods, err := readyPods(ctx, c, p.operatorNamespace, eventsContainer)
	if err != nil {
		return err
	}
	pod := &pods[0]
	token, err := p.token(ctx, config, namespace, containerFlag(pod, eventsContainer, "token-audience", events.TokenAudience))
	if err != nil {
		return err
	}
	_, target, err := net.SplitHostPort(containerFlag(pod, eventsContainer, "bind-address", eventsAddress))
	if err != nil {
		return fmt.Errorf("read --bind-address of pod %s: %w", pod.Name, err)
	}
	port, ended, err := forward(ctx, config, pod, target)
	if err != nil {
		return err
	}
	scheme := "http"
	if containerFlag(pod, eventsContainer, "tls-cert-file", "") != "" {
		scheme = "https"
	}
	key := rand.Text()
	listener, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := fmt.Sprintf("http://%s/open?key=%s", listener.Addr(), key)
	if _, err := fmt.Fprintf(p.Out, "%s\nThe page can read recordings for an hour. Press Ctrl+C to end.\n", address); err != nil {
		return err
	}
	if !p.noBrowser {
		openBrowser(ctx, address)
	}
	serving, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		stop(fmt.Errorf("the connection to pod %s ended: run the command again: %w", pod.Name, <-ended))
	}()
	err = serve(serving, listener, pageProxy(&url.URL{Scheme: scheme, Host: fmt.Sprintf("127.0.0.1:%d", port)}, token, key, "/#/"+namespace+"/"+name))
	if err == nil && ctx.Err() == nil {
		err = context.Cause(serving)
	}
	return err
}

// token requests a short-lived token of the service account.
func (p *openOptions) token(ctx context.Context, config *rest.Config, namespace, audience string) (string, error) {
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", fmt.Errorf("connect to the cluster: %w", err)
	}
	seconds := int64(tokenLifetime.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds, Audiences: []string{audience}}}
	response, err := clientset.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, p.serviceAccount, request, metav1.CreateOptions{})
	if err != nil {
		return "", explain(err, "create", "serviceaccounts/token", namespace)
	}
	return response.Status.Token, nil
}

// cookieName holds the key of the browser that the command opened.
const cookieName = "kubectl-recording"

// pageProxy forwards the requests of one browser to the events server with the token. Other programs and users of the machine
// lack the key, and get 403.
func pageProxy(events *url.URL, token, key, start string) http.Handler {
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1, // events arrive one by one
		// The connection leads to the Pod through the API server, whatever name the Pod's certificate has.
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // see above
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(events)
			r.Out.Host = events.Host
			r.Out.Header.Del("Cookie")
			r.Out.Header.Set("Authorization", "Bearer "+token)
			if r.Out.Header.Get("Origin") != "" {
				r.Out.Header.Set("Origin", events.String())
			}
		},
	}
	has := func(got string) bool { return subtle.ConstantTimeCompare([]byte(got), []byte(key)) == 1 }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /open", func(w http.ResponseWriter, r *http.Request) {
		if !has(r.URL.Query().Get("key")) {
			http.Error(w, "wrong key: open the address that kubectl recording open printed", http.StatusForbidden)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: key, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // it is for plain HTTP on this machine
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, start, http.StatusSeeOther)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(cookieName)
		if err != nil || !has(cookie.Value) {
			http.Error(w, "open the address that kubectl recording open printed", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	})
	return mux
}

// openBrowser opens the address in the user's browser. Where there is none the address is printed already.
func openBrowser(ctx context.Context, address string) {
	command := map[string][]string{
		"darwin":  {"open"},
		"windows": {"rundll32", "url.dll,FileProtocolHandler"},
	}[runtime.GOOS]
	if command == nil {
		command = []string{"xdg-open"}
	}
	_ = exec.CommandContext(ctx, command[0], append(command[1:], address)...).Start()
}
