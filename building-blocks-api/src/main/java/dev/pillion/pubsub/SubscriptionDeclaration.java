// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

/**
 * What a subscription resource says.
 *
 * @param name the resource's name
 * @param pubsub the pubsub component's name
 * @param topic the topic
 * @param options everything else
 */
public record SubscriptionDeclaration(
    String name, String pubsub, String topic, SubscribeOptions options) {}
