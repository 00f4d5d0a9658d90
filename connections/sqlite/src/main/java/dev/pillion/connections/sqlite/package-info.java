// SPDX-License-Identifier: Apache-2.0
/** SQLite: Dapr's connection settings, and a database whose writers share their commits. */
@NullMarked
package dev.pillion.connections.sqlite;

import org.jspecify.annotations.NullMarked;
