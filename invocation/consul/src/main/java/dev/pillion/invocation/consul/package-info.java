// SPDX-License-Identifier: Apache-2.0
/** Name resolution by Consul. */
@NullMarked
package dev.pillion.invocation.consul;

import org.jspecify.annotations.NullMarked;
