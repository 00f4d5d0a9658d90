// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.Expressions;
import dev.pillion.Serializer;
import dev.pillion.call.Call;
import dev.pillion.call.CallChain;
import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/**
 * What the engine finds in its runtime.
 *
 * @param attempts how often a call is tried by its policies, 0 for without end
 * @param expressions the language of routing rules, asked for when there are any
 * @param drainTimeout how long closing waits for handlers
 */
record Surroundings(
    String appId,
    String namespace,
    Serializer serializer,
    CallChain calls,
    TimeSource time,
    ToIntFunction<Call> attempts,
    Supplier<Expressions> expressions,
    Duration drainTimeout) {}
