// SPDX-License-Identifier: Apache-2.0
/** The app channel's HTTP: programs that listen for Dapr's calls on HTTP/1.1, h2c or https. */
@NullMarked
package dev.pillion.http;

import org.jspecify.annotations.NullMarked;
