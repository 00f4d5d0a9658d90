// SPDX-License-Identifier: Apache-2.0
/** Name resolution by a SQLite file that the apps of one machine share. */
@NullMarked
package dev.pillion.invocation.sqlite;

import org.jspecify.annotations.NullMarked;
