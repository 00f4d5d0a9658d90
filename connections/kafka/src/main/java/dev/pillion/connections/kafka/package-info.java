// SPDX-License-Identifier: Apache-2.0
/** How Kafka components reach their brokers: Dapr's settings, said to Kafka's own clients. */
@NullMarked
package dev.pillion.connections.kafka;

import org.jspecify.annotations.NullMarked;
