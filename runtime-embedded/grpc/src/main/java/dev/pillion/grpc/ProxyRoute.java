// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import io.grpc.Channel;
import io.grpc.Metadata;

/**
 * Where one call is passed on to.
 *
 * @param headers what it begins with
 * @param end run when the call has ended, whatever its end
 */
record ProxyRoute(Channel channel, Metadata headers, Runnable end) {}
