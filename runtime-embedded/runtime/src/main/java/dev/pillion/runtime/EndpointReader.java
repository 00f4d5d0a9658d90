// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.ComponentSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.snakeyaml.engine.v2.nodes.MappingNode;

/** Reads an HTTPEndpoint document. */
final class EndpointReader {
  private static final Logger log = LoggerFactory.getLogger(EndpointReader.class);
  private static final List<String> TOP =
      List.of("apiVersion", "kind", "metadata", "spec", "auth", "scopes");
  private static final List<String> SPEC = List.of("baseUrl", "headers", "clientTLS");
  private static final List<String> AUTH = List.of("secretStore");
  private static final List<String> PEM = List.of("rootCA", "certificate", "privateKey");
  private static final List<String> TLS =
      List.of("rootCA", "certificate", "privateKey", "renegotiation");

  private final YamlFields fields;

  EndpointReader(YamlFields fields) {
    this.fields = fields;
  }

  /** The endpoint; null when there is none to speak of, which is a problem. */
  @Nullable
  EndpointDocument read(MappingNode root) {
    fields.check(root, TOP, "an HTTP endpoint");
    var metadata = fields.mapping(root, "metadata");
    var name = metadata == null ? "" : fields.text(metadata, "name").orElse("");
    var spec = fields.mapping(root, "spec");
    if (name.isEmpty()) {
      fields.problem(root, "the HTTP endpoint has no metadata.name");
    }
    if (spec == null) {
      fields.problem(root, "the HTTP endpoint \"%s\" has no spec".formatted(name));
      return null;
    }
    fields.check(spec, SPEC, "the spec of an HTTP endpoint");
    var url = fields.text(spec, "baseUrl").orElse("");
    if (url.isEmpty()) {
      fields.problem(spec, "the HTTP endpoint \"%s\" has no spec.baseUrl".formatted(name));
    }
    var auth = fields.mapping(root, "auth");
    if (auth != null) {
      fields.check(auth, AUTH, "auth");
    }
    var items = new ArrayList<>(new YamlItems(fields).list(spec, "headers"));
    int headers = items.size();
    tls(spec, items);
    if (name.isEmpty() || url.isEmpty()) {
      return null;
    }
    var settings = new ComponentDocument(
        fields.at(root),
        name,
        EndpointDocument.TYPE,
        "",
        auth == null
            ? null
            : fields.text(auth, "secretStore").filter(s -> !s.isEmpty()).orElse(null),
        items,
        ComponentSpec.DEFAULT_INIT_TIMEOUT,
        false);
    return new EndpointDocument(
        url, fields.at(YamlText.fields(spec).getOrDefault("baseUrl", spec)), settings, headers);
  }

  private void tls(MappingNode spec, List<ComponentDocument.Item> items) {
    var tls = fields.mapping(spec, "clientTLS");
    if (tls == null) {
      return;
    }
    fields.check(tls, TLS, "clientTLS");
    for (String field : PEM) {
      var pem = fields.mapping(tls, field);
      if (pem != null) {
        items.add(new YamlItems(fields).nameless(EndpointDocument.TLS + field, pem));
      }
    }
    var renegotiation = fields.text(tls, "renegotiation").orElse("");
    if (!renegotiation.isEmpty() && !renegotiation.equals("RenegotiateNever")) {
      log.warn(
          "{}: renegotiation \"{}\" has no effect, the handshake is never repeated",
          fields.at(YamlText.fields(tls).getOrDefault("renegotiation", tls)),
          renegotiation);
    }
  }
}
