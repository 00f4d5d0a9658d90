// SPDX-License-Identifier: Apache-2.0
/** Metrics and traces of every call: {@code .with(Observations.to(registry))}. */
@NullMarked
package dev.pillion.micrometer;

import org.jspecify.annotations.NullMarked;
