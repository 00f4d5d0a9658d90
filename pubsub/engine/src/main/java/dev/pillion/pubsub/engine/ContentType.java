// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import java.util.Locale;

/**
 * Media types, compared as Dapr does: without regard to case and parameters, and with no trimming.
 */
enum ContentType {
  JSON("application/json"),
  CLOUD_EVENT("application/cloudevents+json"),
  CLOUD_EVENT_PROTOBUF("application/cloudevents+protobuf"),
  PROTOBUF("application/x-protobuf"),
  BINARY("application/octet-stream"),
  XML("application/xml");

  final String text;

  ContentType(String text) {
    this.text = text;
  }

  boolean matches(String contentType) {
    if (!contentType.regionMatches(true, 0, text, 0, text.length())) {
      return false;
    }
    return contentType.length() == text.length() || contentType.charAt(text.length()) == ';';
  }

  /** Whether data of this type is text, and never JSON. */
  static boolean isText(String contentType) {
    return contentType.toLowerCase(Locale.ROOT).startsWith("text/") || XML.matches(contentType);
  }
}
