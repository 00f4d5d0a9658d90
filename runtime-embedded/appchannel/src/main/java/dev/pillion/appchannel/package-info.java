// SPDX-License-Identifier: Apache-2.0
/**
 * A program beside this one that listens on a port: reached, watched and throttled in one place.
 */
@NullMarked
package dev.pillion.appchannel;

import org.jspecify.annotations.NullMarked;
