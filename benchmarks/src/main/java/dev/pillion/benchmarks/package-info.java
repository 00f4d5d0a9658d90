// SPDX-License-Identifier: Apache-2.0
/**
 * Benchmarks: every figure is a ratio to the raw driver, or to a bare server, measured in the same
 * run. JMH fills fields from outside, so nothing is said about nulls here.
 */
package dev.pillion.benchmarks;
