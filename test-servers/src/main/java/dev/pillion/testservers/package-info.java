// SPDX-License-Identifier: Apache-2.0
/**
 * What tests meet outside their own process: real servers (Redis, alone, with Sentinel and as a
 * Cluster; Kafka; PostgreSQL), a TCP proxy that makes faults, programs in Go, files that another
 * program reads, and ports that stay free.
 */
@NullMarked
package dev.pillion.testservers;

import org.jspecify.annotations.NullMarked;
