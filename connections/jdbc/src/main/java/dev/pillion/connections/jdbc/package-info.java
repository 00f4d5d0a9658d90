// SPDX-License-Identifier: Apache-2.0
/** What Dapr's SQL components share, whatever the database. */
@NullMarked
package dev.pillion.connections.jdbc;

import org.jspecify.annotations.NullMarked;
