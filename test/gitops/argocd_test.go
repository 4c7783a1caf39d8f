// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops tests what Argo CD and Flux make of our objects, by the engines that they use.
package gitops

import (
	"os"
	"path/filepath"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const root = "../.."

// argo is a health of Argo CD: Healthy, Progressing, Degraded or Suspended.
type argo struct{ status, message string }

// healthScript is what config/argocd gives to Argo CD.
func healthScript(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(root, "config", "argocd", "health.lua"))
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// argoHealth checks as Argo CD 3.6 does: its own answer for what is being deleted (gitops-engine, pkg/health), and else the script,
// in a state with the libraries base, package and table and two functions of os, for a second at most (util/lua). It has no string,
// no math, no io.
func argoHealth(t *testing.T, script string, object *unstructured.Unstructured) argo {
	t.Helper()
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	state.SetContext(t.Context())
	state.SetGlobal("obj", luaValue(t, state, object.Object))
	if err := state.DoString(script); err != nil {
		t.Fatalf("the script fails: %v\n%v", err, object.Object)
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the script returns a %s, Argo CD wants a table", state.Get(-1).Type())
	}
	health := argo{status: table.RawGetString("status").String(), message: table.RawGetString("message").String()}
	switch health.status {
	case "Healthy", "Progressing", "Degraded", "Suspended":
	default:
		t.Fatalf("%q is no health of Argo CD's", health.status)
	}
	if object.GetDeletionTimestamp() != nil {
		return argo{status: "Progressing", message: "Pending deletion"}
	}
	return health
}

// luaValue is Argo CD's decodeValue.
func luaValue(t *testing.T, state *lua.LState, value any) lua.LValue {
	t.Helper()
	switch value := value.(type) {
	case nil:
		return lua.LNil
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		list := state.CreateTable(len(value), 0)
		for _, item := range value {
			list.Append(luaValue(t, state, item))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetString(key, luaValue(t, state, item))
		}
		return table
	}
	t.Fatalf("a value of type %T", value)
	return nil
}

// Objects that the API server of today does not make, but a backup or an older version may have.
func TestHealthOfIncompleteObjects(t *testing.T) {
	script := healthScript(t)
	ready := func(fields map[string]any) []any {
		fields["type"] = "Ready"
		return []any{fields}
	}
	for name, test := range map[string]struct {
		status any
		want   string
	}{
		"no status":            {nil, "Progressing"},
		"empty status":         {map[string]any{}, "Progressing"},
		"no conditions":        {map[string]any{"observedGeneration": int64(2)}, "Progressing"},
		"behind":               {map[string]any{"observedGeneration": int64(1), "conditions": ready(map[string]any{"status": "True", "reason": "A", "message": "m"})}, "Progressing"},
		"Ready is Unknown":     {map[string]any{"observedGeneration": int64(2), "conditions": ready(map[string]any{"status": "Unknown", "reason": "A", "message": "m"})}, "Progressing"},
		"Ready, empty message": {map[string]any{"observedGeneration": int64(2), "conditions": ready(map[string]any{"status": "True", "reason": "A", "message": ""})}, "Healthy"},
	} {
		t.Run(name, func(t *testing.T) {
			object := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"generation": int64(2)}}}
			if test.status != nil {
				object.Object["status"] = test.status
			}
			if got := argoHealth(t, script, object); got.status != test.want {
				t.Errorf("health = %+v, want %s", got, test.want)
			}
		})
	}
}
