// SPDX-License-Identifier: Apache-2.0
/**
 * Real servers for tests: Redis (single, Sentinel, Cluster), PostgreSQL, and a TCP proxy that makes
 * faults.
 */
@NullMarked
package dev.pillion.testservers;

import org.jspecify.annotations.NullMarked;
