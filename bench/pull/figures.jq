# From the runs: a row for each image and contestant, and the figures with their verdicts. Input: {machine, runs}.
def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
. as $all
| ($all.runs | group_by([.image, .contestant]) | map({image: .[0].image, contestant: .[0].contestant, n: length,
    wall_ms: (map(.wall_ms) | median), min_ms: (map(.wall_ms) | min), max_ms: (map(.wall_ms) | max),
    cpu_ms: ([.[].cpu_ms // empty] | if length > 0 then median else null end), peak_kb: ([.[].peak_kb // empty] | max)})) as $plain
| def of($i; $c): first($plain[] | select(.image == $i and .contestant == $c)) // null;
  def ratio(a; b): a as $a | b as $b | if $a == null or $b == null or $b == 0 then null else $a / $b end;
  def wall($i; $c): of($i; $c).wall_ms;
  # Not measured (a quick run, or somebody does not run here): neither met nor missed.
  def figure($text; $value; $limit; $upto):
    {text: $text, value: $value, limit: $limit, upto: $upto, met: (if $value == null then null elif $upto then $value <= $limit else $value >= $limit end)};
  def upto($text; $value; $limit): figure($text; $value; $limit; true);
  def atleast($text; $value; $limit): figure($text; $value; $limit; false);
  def best_peer($i): [$plain[] | select(.image == $i and (.contestant | startswith("lxr") or . == "floor" | not)) | .wall_ms] | min;
  def per_layer($n): (wall("depth-\($n)"; "lxr") - wall("depth-1"; "lxr")) / ($n - 1);
{
  machine: $all.machine,
  rows: ($plain | map(. + {to_floor: ratio(.wall_ms; wall(.image; "floor")), to_lxr: ratio(.wall_ms; wall(.image; "lxr"))})),
  figures: [
    (["golang", "golang-zstd", "huge", "depth-40", "small"][] as $i | upto("\($i): lxr / floor, wall"; ratio(wall($i; "lxr"); wall($i; "floor")); 1.3)),
    (["golang", "golang-zstd", "huge"][] as $i | upto("\($i): lxr / floor, processor time"; ratio(of($i; "lxr").cpu_ms; of($i; "floor").cpu_ms); 1.3)),
    (["podman", "podman-13", "containerd", "containerd-13"][] as $p | atleast("golang: \($p) / lxr"; ratio(wall("golang"; $p); wall("golang"; "lxr")); 8)),
    upto("golang: lxr-directories / igzip | tar"; ratio(wall("golang"; "lxr-directories"); wall("golang"; "igzip-tar")); 1.5),
    upto("golang: lxr-directories-unsynced / igzip | tar, unsynced"; ratio(wall("golang"; "lxr-directories-unsynced"); wall("golang"; "igzip-tar")); 1.5),
    (["podman", "podman-13"][] as $p | atleast("golang: \($p) / lxr-directories"; ratio(wall("golang"; $p); wall("golang"; "lxr-directories")); 3)),
    upto("present, over 40 ms: round trips, the connection's included"; (if wall("present-40ms"; "lxr") == null then null else (wall("present-40ms"; "lxr") - wall("present"; "lxr")) / 40 end); 2.2),
    upto("small over 40 ms: lxr / best peer"; ratio(wall("small-40ms"; "lxr"); best_peer("small-40ms")); 0.5),
    upto("golang: cold run / (pull + local run)"; ratio(wall("run-cold"; "lxr"); (wall("run-pull"; "lxr") // 0) + (wall("run-local"; "lxr") // 0)); 1.1),
    upto("peak memory of lxr over all images, MB"; ([$plain[] | select(.contestant | startswith("lxr")) | .peak_kb // 0] | max) / 1024; 150),
    upto("a further layer: of 100, ms; to that of 10"; (if wall("depth-100"; "lxr") == null then null else ratio(per_layer(100); [per_layer(10), 0.5] | max) end); 1.5),
    upto("eight images at once / one after the other"; ratio(wall("eight"; "parallel"); wall("eight"; "serial")); 1.1)],
  runs: $all.runs
}
