// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import java.time.Duration;

/** How the relay goes about it. */
record RelaySettings(Duration pollInterval, Duration lease, int batchSize) {}
