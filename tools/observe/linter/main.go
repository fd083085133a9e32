// Lints dashboards with every rule of Grafana's dashboard-linter, as its own `lint --strict` does.
package main

import (
	"fmt"
	"os"
	"path"

	"github.com/grafana/dashboard-linter/lint"
)

func main() {
	failed := false
	for _, file := range os.Args[1:] {
		fmt.Println("Linting", file)
		worst, err := check(file)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
		}
		failed = failed || err != nil || worst >= lint.Warning
	}
	if failed {
		os.Exit(1)
	}
}

// The worst finding that the .lint file beside the dashboard does not leave out.
func check(file string) (lint.Severity, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return lint.Error, err
	}
	dashboard, err := lint.NewDashboard(text)
	if err != nil {
		return lint.Error, err
	}
	config := lint.NewConfigurationFile()
	if err := config.Load(path.Join(path.Dir(file), ".lint")); err != nil {
		return lint.Error, err
	}
	rules := lint.NewRuleSet()
	results, err := rules.Lint([]lint.Dashboard{dashboard})
	if err != nil {
		return lint.Error, err
	}
	results.Configure(config)
	results.ReportByRule()
	return results.MaximumSeverity(), nil
}
