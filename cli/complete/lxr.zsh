#compdef lxr
# SPDX-License-Identifier: Apache-2.0
# zsh completion for lxr: a file _lxr in a directory of $fpath; or, after compinit:
#   source <(lxr completion zsh)
compdef _lxr lxr

_lxr() {
	local -a answer values
	local line
	answer=("${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
	case $answer[-1] in
	:files)
		compset -P '--*='
		_files
		return
		;;
	:directories)
		compset -P '--*='
		_files -/
		return
		;;
	esac
	for line in $answer[1,-2]; do
		values+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
	done
	_describe -t values 'lxr' values
}

# When the file is loaded as the function, its first call is this one.
[ "$funcstack[1]" = _lxr ] && _lxr "$@"
