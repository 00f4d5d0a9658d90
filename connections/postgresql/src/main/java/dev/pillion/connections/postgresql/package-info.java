// SPDX-License-Identifier: Apache-2.0
/**
 * Dapr's PostgreSQL connection settings, and databases that keep deadlines and heal by themselves.
 */
@NullMarked
package dev.pillion.connections.postgresql;

import org.jspecify.annotations.NullMarked;
