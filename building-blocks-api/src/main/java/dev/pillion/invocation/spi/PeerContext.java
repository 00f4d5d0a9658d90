// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.RequestHandler;
import java.time.Duration;

/**
 * What a transport is told when it starts.
 *
 * @param appId of the runtime
 * @param namespace of the runtime; {@code default} when it has none, never empty
 * @param time the clock it must use
 * @param threads the threads it must use
 * @param drainTimeout how long closing waits for calls under way
 * @param receiver what answers calls of peers: it checks the access policy, and fails with an
 *     {@link dev.pillion.invocation.InvocationException} where there is no answer
 * @param directory where proxied calls are routed
 */
public record PeerContext(
    String appId,
    String namespace,
    TimeSource time,
    Threads threads,
    Duration drainTimeout,
    RequestHandler receiver,
    PeerDirectory directory) {}
