// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import io.grpc.Channel;
import io.grpc.Metadata;

/** The program beside this runtime, and what it is sent with one call. */
record ProxyTarget(Channel channel, Metadata metadata) {}
