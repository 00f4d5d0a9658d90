// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.NearestName;
import dev.pillion.pubsub.engine.DeclaredSubscription;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads folders of Dapr's resources as Dapr does: each folder without its subfolders, files in the
 * order of their names, several documents a file. Unlike Dapr it takes no broken document for a
 * warning: every problem is collected.
 */
final class ResourceLoader {
  private static final Logger log = LoggerFactory.getLogger(ResourceLoader.class);
  private static final Set<String> READ =
      Set.of("Component", "HTTPEndpoint", "Resiliency", "Subscription");

  /** Dapr's other kinds, of which some need a cluster. */
  private static final Set<String> NOT_READ = Set.of("MCPServer", "WorkflowAccessPolicy");

  /** Dapr takes it by its own flag; in a folder of resources it passes over it. */
  private static final String CONFIGURATION = "Configuration";

  private final String appId;
  private final String namespace;
  private final List<String> problems;
  private final Map<String, ComponentDocument> byName = new HashMap<>();
  private final List<ComponentDocument> documents = new ArrayList<>();
  private final List<ResiliencyDocument> resiliency = new ArrayList<>();
  private final List<DeclaredSubscription> subscriptions = new ArrayList<>();
  private final List<EndpointDocument> endpoints = new ArrayList<>();
  private final YamlFiles yaml;

  ResourceLoader(String appId, String namespace, List<String> problems) {
    this.appId = appId;
    this.namespace = namespace;
    this.problems = problems;
    this.yaml = new YamlFiles(problems);
  }

  /** The components of this app in load order. */
  List<ComponentDocument> documents() {
    return documents;
  }

  /** The policies for this app in load order. */
  List<ResiliencyDocument> resiliency() {
    return resiliency;
  }

  /** The subscriptions of this app in load order. */
  List<DeclaredSubscription> subscriptions() {
    return subscriptions;
  }

  /** The HTTP endpoints of this app in load order. */
  List<EndpointDocument> endpoints() {
    return endpoints;
  }

  void load(Path folder) {
    List<Path> files;
    try (var listed = Files.list(folder)) {
      files = listed.filter(ResourceLoader::isYaml).sorted().toList();
    } catch (IOException e) {
      problems.add("the resources folder \"%s\" can't be read: %s"
          .formatted(
              folder,
              !Files.exists(folder)
                  ? "there is no such folder"
                  : !Files.isDirectory(folder) ? "it is no folder" : e.getMessage()));
      return;
    }
    files.forEach(file -> yaml.read(file, this::read));
  }

  private static boolean isYaml(Path file) {
    var name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return Files.isRegularFile(file) && (name.endsWith(".yaml") || name.endsWith(".yml"));
  }

  private void read(YamlDocument document) {
    if (isResiliency(document)) {
      // Dapr does not look at the namespace of these.
      if (isInScope(document)) {
        resiliency.add(document.resiliency());
      }
      return;
    }
    if (isSubscription(document)) {
      // Nor at that of these, as long as it runs without Kubernetes.
      var subscription = isInScope(document) ? document.subscription() : null;
      if (subscription != null) {
        subscriptions.add(subscription);
      }
      return;
    }
    if (isEndpoint(document)) {
      var endpoint = isForeign(document) ? null : document.endpoint();
      if (endpoint != null) {
        add(endpoint);
      }
      return;
    }
    if (!isDaprs(document) || isForeign(document)) {
      return;
    }
    var component = document.component();
    if (component == null) {
      return;
    }
    var first = byName.putIfAbsent(component.name(), component);
    if (first != null) {
      problems.add("%s: there is a component of that name at %s already"
          .formatted(component.describe(), first.source()));
      return;
    }
    documents.add(component);
  }

  /** Whether it holds policies; what only nearly does is a problem. */
  private boolean isResiliency(YamlDocument document) {
    var version = document.text("apiVersion").orElse("");
    var kind = document.text("kind").orElse("");
    if (!kind.equalsIgnoreCase("Resiliency") || !(version.isEmpty() || version.contains("dapr"))) {
      return false;
    }
    if (!version.equals("dapr.io/v1alpha1") || !kind.equals("Resiliency")) {
      problems.add(
          "%s: policies have apiVersion: dapr.io/v1alpha1 and kind: Resiliency, this has \"%s\" and \"%s\""
              .formatted(document.source(), version, kind));
    }
    return true;
  }

  /** Whether it is a subscription; what only nearly is one is a problem. */
  private boolean isSubscription(YamlDocument document) {
    var version = document.text("apiVersion").orElse("");
    var kind = document.text("kind").orElse("");
    if (!kind.equalsIgnoreCase("Subscription")
        || !(version.isEmpty() || version.contains("dapr"))) {
      return false;
    }
    if (!kind.equals("Subscription")
        || !List.of("dapr.io/v1alpha1", "dapr.io/v2alpha1").contains(version)) {
      problems.add(
          "%s: a subscription has apiVersion: dapr.io/v2alpha1 or dapr.io/v1alpha1 and kind: Subscription, this has \"%s\" and \"%s\""
              .formatted(document.source(), version, kind));
    }
    return true;
  }

  /** Whether it is an HTTP endpoint; what only nearly is one is a problem. */
  private boolean isEndpoint(YamlDocument document) {
    var version = document.text("apiVersion").orElse("");
    var kind = document.text("kind").orElse("");
    if (!kind.equalsIgnoreCase("HTTPEndpoint")
        || !(version.isEmpty() || version.contains("dapr"))) {
      return false;
    }
    if (!version.equals("dapr.io/v1alpha1") || !kind.equals("HTTPEndpoint")) {
      problems.add(
          "%s: an HTTP endpoint has apiVersion: dapr.io/v1alpha1 and kind: HTTPEndpoint, this has \"%s\" and \"%s\""
              .formatted(document.source(), version, kind));
    }
    return true;
  }

  private void add(EndpointDocument added) {
    for (var endpoint : endpoints) {
      if (endpoint.name().equals(added.name())) {
        problems.add("%s: there is an HTTP endpoint of that name at %s already"
            .formatted(added.settings().describe(), endpoint.settings().source()));
        return;
      }
    }
    endpoints.add(added);
  }

  /** Whether it is a component of Dapr's; what only nearly is one is a problem. */
  private boolean isDaprs(YamlDocument document) {
    var version = document.text("apiVersion").orElse("");
    var kind = document.text("kind").orElse("");
    boolean named = kind.equalsIgnoreCase("Component") || kind.isEmpty();
    if (version.equals("dapr.io/v1alpha1") && kind.equals("Component")) {
      return true;
    }
    if (version.startsWith("dapr.io/") && !named) {
      otherKind(document, kind);
    } else if (named && (version.isEmpty() || version.contains("dapr"))) {
      problems.add(
          "%s: a component has apiVersion: dapr.io/v1alpha1 and kind: Component, this has \"%s\" and \"%s\""
              .formatted(document.source(), version, kind));
    } else {
      log.debug("{}: {} {} is not Dapr's", document.source(), version, kind);
    }
    return false;
  }

  /** A typo would take a whole document away. */
  private void otherKind(YamlDocument document, String kind) {
    if (kind.equals(CONFIGURATION)) {
      log.warn(
          "{}: a Configuration has no effect in a resources folder, as in Dapr; name its file by configuration(Path.of(\"{}\"))",
          document.source(),
          document.file());
      return;
    }
    if (NOT_READ.contains(kind)) {
      log.warn(
          "{}: {} documents are not read by this version, it has no effect",
          document.source(),
          kind);
      return;
    }
    if (isForeign(document)) {
      return;
    }
    var kinds = new TreeSet<>(NOT_READ);
    kinds.addAll(READ);
    kinds.add(CONFIGURATION);
    var nearest = NearestName.to(kind, kinds);
    problems.add("%s: Dapr has no kind \"%s\"%s; there are %s"
        .formatted(
            document.at("kind"),
            kind,
            nearest == null ? "" : ", did you mean \"" + nearest + "\"?",
            kinds));
  }

  /** Another namespace, or scopes without this app: its errors are another app's. */
  private boolean isForeign(YamlDocument document) {
    var theirs = document.namespace();
    if (!namespace.isEmpty() && !theirs.isEmpty() && !namespace.equals(theirs)) {
      log.debug("{} is for the namespace \"{}\"", document.source(), theirs);
      return true;
    }
    return !isInScope(document);
  }

  /** Whether it differs from this app in digits alone: a sibling, and no typo. */
  private boolean isNumbered(String other) {
    return !other.equalsIgnoreCase(appId)
        && other.replaceAll("\\d", "").equals(appId.replaceAll("\\d", ""));
  }

  private boolean isInScope(YamlDocument document) {
    var scopes = document.scopes();
    if (scopes.isEmpty() || scopes.contains(appId)) {
      return true;
    }
    var nearest = NearestName.typo(appId, scopes);
    if (nearest != null && !isNumbered(nearest)) {
      log.warn(
          "{}: its scopes {} do not name this app, \"{}\", so it has no effect here; did you mean \"{}\" where \"{}\" stands?",
          document.at("scopes"),
          scopes,
          appId,
          appId,
          nearest);
    } else {
      log.debug("{} is for the apps {}", document.source(), scopes);
    }
    return false;
  }
}
