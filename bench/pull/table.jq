# The page of figures.jq as text.
def pad($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def left($n): tostring | . + (" " * ([$n - length, 0] | max));
def fixed($d): . * pow(10; $d) | round / pow(10; $d);
def times: if . == null then "-" else fixed(2) end | pad(8);
. as $page
| $page.machine[],
  (["golang", "golang-zstd", "small", "depth-40", "huge", "depth-1", "depth-10", "depth-100", "small-40ms", "present", "present-40ms", "run-cold", "run-local", "run-pull", "eight"][] as $i
   | [$page.rows[] | select(.image == $i)] | select(length > 0)
   | ("", "\($i | left(28))     n   min ms   median      max   cpu ms  peak MB  x floor   x lxr"),
     (sort_by(.wall_ms)[]
      | "  \(.contestant | left(26)) \(.n | pad(5)) \(.min_ms | fixed(1) | pad(8)) \(.wall_ms | fixed(1) | pad(8)) \(.max_ms | fixed(1) | pad(8)) \(if .cpu_ms == null then "-" else .cpu_ms | round end | pad(8)) \(if .peak_kb == null then "-" else .peak_kb / 1024 | round end | pad(8)) \(.to_floor | times)\(.to_lxr | times)")),
  "", "figures",
  ($page.figures[] | "\(.text | left(66)) \(if .value == null then "-" else .value | fixed(2) end | pad(7)) \(if .upto then "≤" else "≥" end) \(.limit | pad(5))  \(if .met == null then "not measured" elif .met then "met" else "MISSED" end)")
