// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

/**
 * The way of a state store's events.
 *
 * @param store the state store's name, for logs
 * @param pubsub the pubsub of the internal topic, where events wait until their transaction is
 *     applied
 * @param publishPubsub the pubsub of the final topic
 * @param publishTopic the final topic
 * @param discardWhenMissingState whether an event whose transaction was not applied is given up;
 *     else the broker delivers it again
 */
public record OutboxRoute(
    String store,
    String pubsub,
    String publishPubsub,
    String publishTopic,
    boolean discardWhenMissingState) {}
