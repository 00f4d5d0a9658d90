// SPDX-License-Identifier: Apache-2.0
package dev.pillion.component;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;

/**
 * What a component is told when it opens.
 *
 * @param appId the app id of the runtime
 * @param namespace the runtime's namespace; empty when it has none
 * @param name the component's name, its identity in every API
 * @param time the clock it must use
 * @param threads the threads it must use
 * @param deadline by when this attempt to open must be over ({@code spec.initTimeout})
 */
public record ComponentContext(
    String appId,
    String namespace,
    String name,
    TimeSource time,
    Threads threads,
    Deadline deadline) {}
