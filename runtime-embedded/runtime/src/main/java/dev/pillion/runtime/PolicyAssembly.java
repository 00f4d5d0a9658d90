// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.Expressions;
import dev.pillion.component.NearestName;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.resiliency.PolicyEngine;
import dev.pillion.resiliency.Resiliency;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From the policies of files and code to the interceptor that carries them out. */
final class PolicyAssembly {
  private static final Logger log = LoggerFactory.getLogger(PolicyAssembly.class);

  private final List<Resiliency> policies = new ArrayList<>();
  private final Map<String, String> places = new HashMap<>();
  private final Map<String, String> componentTypes = new TreeMap<>();
  private final TimeSource time;
  private final List<String> problems;

  PolicyAssembly(
      EmbeddedRuntime.Builder builder,
      ResourceLoader resources,
      TimeSource time,
      List<String> problems) {
    this.time = time;
    this.problems = problems;
    for (var document : resources.resiliency()) {
      policies.add(document.policies());
      places.putAll(document.places());
    }
    policies.addAll(builder.resiliency);
    resources.documents().forEach(document -> componentTypes.put(document.name(), document.type()));
    builder.specs.forEach(spec -> componentTypes.put(spec.name(), spec.type()));
    builder.components.forEach((name, component) -> componentTypes.put(name, component.type()));
  }

  /** The interceptor; one without policies when they have problems, for then nothing starts. */
  PolicyEngine engine() {
    var merged = Resiliency.merged(policies);
    var expressions = merged.hasExpressions() ? expressions() : null;
    var found = merged.problems(expressions);
    for (var problem : found) {
      var place = places.getOrDefault(problem.path(), "resiliency in code");
      problems.add("%s: %s: %s".formatted(place, problem.path(), problem.message()));
    }
    warnOfUnknownComponents(merged);
    return PolicyEngine.of(
        found.isEmpty() ? List.of(merged) : List.of(), componentTypes, time, expressions);
  }

  /** The language of conditions; one that refuses them all where the class path has none. */
  static Expressions expressions() {
    return ServiceLoader.load(Expressions.class).findFirst().orElseGet(() -> text -> {
      throw new IllegalArgumentException(
          "nothing on the class path evaluates expressions; add the dependency dev.pillion:pillion-cel:"
              + PillionVersion.current());
    });
  }

  /** Files are shared by apps, so a component that only others have is no error. */
  private void warnOfUnknownComponents(Resiliency merged) {
    for (String target : merged.componentTargets()) {
      if (!componentTypes.containsKey(target)) {
        var nearest = NearestName.to(target, componentTypes.keySet());
        log.warn(
            "resiliency: there is no component \"{}\", its policies have no effect{}; {}",
            target,
            nearest == null ? "" : "; did you mean \"" + nearest + "\"?",
            componentTypes.isEmpty()
                ? "there are none"
                : "there are " + new TreeSet<>(componentTypes.keySet()));
      }
    }
  }
}
