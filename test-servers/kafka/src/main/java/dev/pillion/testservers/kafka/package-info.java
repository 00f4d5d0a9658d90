// SPDX-License-Identifier: Apache-2.0
/** The program that test-servers runs as Kafka, in a JVM of its own. */
@NullMarked
package dev.pillion.testservers.kafka;

import org.jspecify.annotations.NullMarked;
