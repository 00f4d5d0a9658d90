// SPDX-License-Identifier: Apache-2.0
/**
 * Benchmarks: every figure is a ratio to the raw driver, or to a bare server, measured in the same
 * run.
 */
@NullMarked
package dev.pillion.benchmarks;

import org.jspecify.annotations.NullMarked;
